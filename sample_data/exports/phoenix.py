"""Phoenix: the spans DataFrame as `to_json(orient="records", lines=True, date_format="iso")`.

One span a line in OpenInference's names, every column in every line, token counts as floats,
times cut to milliseconds. Thumbs are `annotations` of the root span; the first token of a
stream is an event of the call.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sample_data.exports.clock import iso_ms
from sample_data.spans import PROVIDERS, SERVED_AS, Message, Span
from sample_data.story import Trace

_COLUMNS = (
    "session.id", "user.id", "tag.tags", "metadata", "annotations", "openinference.span.kind",
    "input.value", "input.mime_type", "output.value", "output.mime_type", "llm.model_name",
    "llm.provider", "llm.system", "llm.invocation_parameters", "llm.input_messages",
    "llm.output_messages", "llm.prompt_template.version", "prompt.id", "llm.token_count.prompt",
    "llm.token_count.completion", "llm.token_count.total",
    "llm.token_count.prompt_details.cache_read", "llm.cost.total", "retrieval.documents",
    "tool.name", "tool.parameters",
)  # fmt: skip


def phoenix_lines(traces: Iterable[Trace]) -> Iterator[str]:
    """One line per span, slashes and non-ASCII escaped as pandas does."""
    for trace in traces:
        for span in trace.spans:
            text = json.dumps(_record(trace, span), separators=(",", ":"))
            yield text.replace("/", "\\/")


def _record(trace: Trace, span: Span) -> dict[str, Any]:
    known = {**_common(trace, span), **_BY_KIND[span.kind](trace, span)}
    return {
        "name": span.name,
        "span_kind": span.kind.upper(),
        "parent_id": span.parent_id,
        "start_time": iso_ms(span.start),
        "end_time": iso_ms(span.end),
        "status_code": "ERROR" if span.error else "OK",
        "status_message": f"{span.error[0]}: {span.error[1]}" if span.error else "",
        "events": _events(span),
        "context.span_id": span.span_id,
        "context.trace_id": trace.trace_id,
        **{f"attributes.{column}": known.get(column) for column in _COLUMNS},
    }


def _common(trace: Trace, span: Span) -> dict[str, Any]:
    return {
        "session.id": trace.session_id,
        "user.id": trace.person.user_id,
        "openinference.span.kind": span.kind.upper(),
        "input.value": span.input or None,
        "output.value": span.output or None,
    }


def _agent(trace: Trace, _: Span) -> dict[str, Any]:
    person = trace.person
    return {
        "input.mime_type": "text/plain",
        "output.mime_type": "text/plain",
        "tag.tags": trace.tags,
        "metadata": {"store": person.store, "country": person.country, "plan": person.plan},
        "annotations": _annotations(trace),
    }


def _annotations(trace: Trace) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = []
    if trace.thumb is not None:
        label = "thumbs_up" if trace.thumb else "thumbs_down"
        found.append(_annotation("user_feedback", "HUMAN", float(trace.thumb), label))
        found[0]["annotation.explanation"] = trace.comment or None
    if trace.groundedness is not None:
        found.append(_annotation("groundedness", "LLM", trace.groundedness, None))
    return found or None


def _annotation(name: str, kind: str, score: float, label: str | None) -> dict[str, Any]:
    return {
        "annotation.name": name,
        "annotation.annotator_kind": kind,
        "annotation.score": score,
        "annotation.label": label,
    }


def _guardrail(_: Trace, span: Span) -> dict[str, Any]:
    verdict, category, score = span.verdict or ("allow", "none", 0.0)
    said = {"verdict": verdict, "category": category, "score": score}
    return {"output.value": json.dumps(said), "output.mime_type": "application/json"}


def _retriever(_: Trace, span: Span) -> dict[str, Any]:
    return {
        "retrieval.documents": [
            {
                "document.id": page.doc_id,
                "document.score": score,
                "document.content": page.text,
                "document.metadata": {"title": page.title},
            }
            for page, score in span.pages
        ]
        or None
    }


def _tool(_: Trace, span: Span) -> dict[str, Any]:
    return {"tool.name": span.name, "tool.parameters": span.input}


def _llm(trace: Trace, span: Span) -> dict[str, Any]:
    asked = {
        "llm.model_name": SERVED_AS[span.model],
        "llm.provider": PROVIDERS[span.model],
        "llm.system": PROVIDERS[span.model],
        "llm.invocation_parameters": json.dumps({"temperature": 0.2, "max_tokens": 450}),
        "llm.prompt_template.version": str(trace.prompt_version),
        "prompt.id": "support-assistant",
        "llm.input_messages": [_message(m) for m in span.messages],
    }
    return asked if span.error else {**asked, **_response(span)}


def _response(span: Span) -> dict[str, Any]:
    message: dict[str, Any] = {"message.role": "assistant", "message.content": span.output or None}
    if span.tool_call:
        message["message.tool_calls"] = [_tool_call(*span.tool_call)]
    return {
        "llm.output_messages": [message],
        "llm.token_count.prompt": float(span.input_tokens),
        "llm.token_count.completion": float(span.output_tokens),
        "llm.token_count.total": float(span.input_tokens + span.output_tokens),
        "llm.token_count.prompt_details.cache_read": float(span.cached_tokens),
        "llm.cost.total": round(sum(span.costs), 9),
    }


_BY_KIND = {
    "agent": _agent,
    "guardrail": _guardrail,
    "retriever": _retriever,
    "tool": _tool,
    "llm": _llm,
}


def _message(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "message.role": message["role"],
        "message.content": message["content"] or None,
    }
    if "tool_calls" in message:
        call = json.loads(message["tool_calls"])
        shown["message.tool_calls"] = [_tool_call(call["id"], call["name"], call["arguments"])]
    if "tool_call_id" in message:
        shown["message.tool_call_id"] = message["tool_call_id"]
    return shown


def _tool_call(call_id: str, name: str, arguments: str) -> dict[str, str]:
    return {
        "tool_call.id": call_id,
        "tool_call.function.name": name,
        "tool_call.function.arguments": arguments,
    }


def _events(span: Span) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    if span.first_token:
        stamp = iso_ms(span.first_token).replace("Z", "+00:00")
        events.append({"name": "First Token Stream Event", "timestamp": stamp, "attributes": {}})
    if span.error and span.kind != "agent":
        kind, message = span.error
        detail = {"exception.type": kind, "exception.message": message}
        stamp = iso_ms(span.end).replace("Z", "+00:00")
        events.append({"name": "exception", "timestamp": stamp, "attributes": detail})
    return events
