"""LangSmith: runs as JSON lines, as the SDK's `list_runs` gives them.

Ids are UUIDs: a trace's is its id in the other exports with dashes, a run's begins with the
span id. Times are UTC without a zone, costs are texts, and every parent carries the sum of its
children's tokens, which must not be counted again. Thumbs are `feedback_stats` of the root;
the judge's score is left out, as LangSmith does not say there who gave a score.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sample_data.exports.clock import compact_us, iso_us_naive
from sample_data.spans import PROVIDERS, SERVED_AS, Message, Span
from sample_data.story import Trace

_TYPES = {
    "agent": "chain",
    "guardrail": "chain",
    "retriever": "retriever",
    "llm": "llm",
    "tool": "tool",
}
_PROJECT = "5f0d3c1e-7a42-4b0e-9c55-1a7e0c9b2d34"


def langsmith_lines(traces: Iterable[Trace]) -> Iterator[str]:
    """One line per run."""
    for trace in traces:
        for span in trace.spans:
            yield json.dumps(_run(trace, span), ensure_ascii=False, separators=(",", ":"))


def _uuid(digits: str) -> str:
    cuts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(cuts)


def _id(trace: Trace, span: Span) -> str:
    if span is trace.root:
        return _uuid(trace.trace_id)
    return _uuid(span.span_id + trace.trace_id[16:])


def _order(trace: Trace, span: Span) -> str:
    root = f"{compact_us(trace.root.start)}Z{_id(trace, trace.root)}"
    own = f"{compact_us(span.start)}Z{_id(trace, span)}"
    return root if span is trace.root else f"{root}.{own}"


def _run(trace: Trace, span: Span) -> dict[str, Any]:
    is_root = span is trace.root
    return {
        "id": _id(trace, span),
        "trace_id": _uuid(trace.trace_id),
        "parent_run_id": None if is_root else _id(trace, trace.root),
        "dotted_order": _order(trace, span),
        "session_id": _PROJECT,
        "name": span.name if span.kind != "llm" else _CLIENTS[PROVIDERS[span.model]],
        "run_type": _TYPES[span.kind],
        "start_time": iso_us_naive(span.start),
        "end_time": iso_us_naive(span.end),
        "first_token_time": iso_us_naive(span.first_token) if span.first_token else None,
        "status": "error" if span.error else "success",
        "error": f"{span.error[0]}({span.error[1]!r})" if span.error else None,
        "tags": trace.tags if is_root else [],
        "inputs": _inputs(span),
        "outputs": None if span.error else _outputs(span),
        "extra": {"metadata": _metadata(trace, span), **_parameters(span)},
        "feedback_stats": _feedback(trace) if is_root else {},
        **_usage(trace, span),
    }


_CLIENTS = {"openai": "ChatOpenAI", "anthropic": "ChatAnthropic"}


def _metadata(trace: Trace, span: Span) -> dict[str, Any]:
    person = trace.person
    common = {
        "session_id": trace.session_id,
        "user_id": person.user_id,
        "revision_id": trace.release,
        "environment": "production",
    }
    if span is trace.root:
        common |= {"store": person.store, "country": person.country, "plan": person.plan}
    if span.kind != "llm":
        return common
    return {
        **common,
        "ls_provider": PROVIDERS[span.model],
        "ls_model_name": SERVED_AS[span.model],
        "ls_model_type": "chat",
        "ls_temperature": 0.2,
        "ls_max_tokens": 450,
        "prompt_name": "support-assistant",
        "prompt_version": str(trace.prompt_version),
    }


def _parameters(span: Span) -> dict[str, Any]:
    if span.kind != "llm":
        return {}
    return {"invocation_params": {"model": span.model, "stream": bool(span.first_token)}}


def _inputs(span: Span) -> dict[str, Any]:
    if span.kind == "llm":
        return {"messages": [_message(m) for m in span.messages]}
    if span.kind == "tool":
        return json.loads(span.input or "{}")
    return {"query" if span.kind == "retriever" else "input": span.input}


def _message(message: Message) -> dict[str, Any]:
    if "tool_calls" not in message:
        return dict(message)
    call = json.loads(message["tool_calls"])
    return {**message, "tool_calls": [_tool_call(call["id"], call["name"], call["arguments"])]}


def _tool_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _outputs(span: Span) -> dict[str, Any]:
    if span.kind == "retriever":
        return {
            "documents": [
                {
                    "id": page.doc_id,
                    "page_content": page.text,
                    "metadata": {"title": page.title, "score": score},
                }
                for page, score in span.pages
            ]
        }
    if span.verdict:
        verdict, category, score = span.verdict
        return {"verdict": verdict, "category": category, "score": score}
    if span.kind == "tool":
        return {"output": json.loads(span.output)}
    if span.kind == "llm":
        message: dict[str, Any] = {"role": "assistant", "content": span.output or None}
        if span.tool_call:
            message["tool_calls"] = [_tool_call(*span.tool_call)]
        reason = "tool_calls" if span.tool_call else "stop"
        choices = [{"index": 0, "message": message, "finish_reason": reason}]
        return {"id": span.response_id, "model": SERVED_AS[span.model], "choices": choices}
    return {"output": span.output}


def _usage(trace: Trace, span: Span) -> dict[str, Any]:
    """A call's own tokens; for the root the sum of all calls, as LangSmith rolls up."""
    calls = [s for s in trace.spans if s.kind == "llm" and not s.error]
    counted = calls if span is trace.root else [s for s in calls if s is span]
    inputs = sum(s.input_tokens for s in counted)
    outputs = sum(s.output_tokens for s in counted)
    cached = sum(s.cached_tokens for s in counted)
    spent_in = sum(s.costs[0] + s.costs[1] for s in counted)
    spent_out = sum(s.costs[2] for s in counted)
    return {
        "prompt_tokens": inputs,
        "completion_tokens": outputs,
        "total_tokens": inputs + outputs,
        "prompt_token_details": {"cache_read": cached} if cached else None,
        "prompt_cost": f"{spent_in:.9f}" if counted else None,
        "completion_cost": f"{spent_out:.9f}" if counted else None,
        "total_cost": f"{spent_in + spent_out:.9f}" if counted else None,
    }


def _feedback(trace: Trace) -> dict[str, Any]:
    if trace.thumb is None:
        return {}
    return {"user_feedback": {"n": 1, "avg": float(trace.thumb), "values": {}}}
