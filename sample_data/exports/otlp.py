"""OTLP JSON as the OpenTelemetry Collector's file exporter writes it, with GenAI attributes.

Each line is an ExportTraceServiceRequest in the specification's dialect: hexadecimal ids,
nanoseconds and whole numbers as strings. Users' thumbs and the judge's score are
`gen_ai.evaluation.result` events of the root span; guardrails, for which the
convention has no kind yet, carry OpenInference's kind and output beside the proposed
`gen_ai.guardrail.*` attributes. Cached tokens are part of `gen_ai.usage.input_tokens`.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from sample_data.spans import PROVIDERS, SERVED_AS, Message, Span
from sample_data.story import Trace

_BATCH = 64
_OPERATIONS = {
    "agent": "invoke_agent",
    "llm": "chat",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "guardrail": "apply_guardrail",
}
Attributes = dict[str, Any]


def otlp_lines(traces: Iterable[Trace]) -> Iterator[str]:
    """One line per export request of up to 64 traces of one release."""
    for release, group in groupby(traces, key=lambda trace: trace.release):
        same = list(group)
        for first in range(0, len(same), _BATCH):
            request = _request(same[first : first + _BATCH], release)
            yield json.dumps(request, ensure_ascii=False, separators=(",", ":"))


def _request(traces: list[Trace], release: str) -> dict[str, Any]:
    resource = {
        "service.name": "support-assistant",
        "service.version": release,
        "deployment.environment.name": "production",
        "telemetry.sdk.language": "python",
    }
    scope = {"name": "support_assistant.tracing", "version": "1.4.0"}
    spans = [_span(trace, span) for trace in traces for span in trace.spans]
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": scope, "spans": spans}],
            }
        ]
    }


def _span(trace: Trace, span: Span) -> dict[str, Any]:
    return {
        "traceId": trace.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id or "",
        "name": f"{_OPERATIONS[span.kind]} {span.model or span.name}",
        "kind": 3 if span.kind == "llm" else 1,
        "startTimeUnixNano": str(span.start * 1000),
        "endTimeUnixNano": str(span.end * 1000),
        "attributes": _attributes(_of_span(trace, span)),
        "events": [] if span.parent_id else _evaluations(trace),
        "status": {"code": 2, "message": span.error[1]} if span.error else {},
    }


def _of_span(trace: Trace, span: Span) -> Attributes:
    common = {
        "gen_ai.operation.name": _OPERATIONS[span.kind],
        "gen_ai.conversation.id": trace.session_id,
        "user.id": trace.person.user_id,
    }
    error = {"error.type": span.error[0]} if span.error else {}
    return {**common, **_BY_KIND[span.kind](trace, span), **error}


def _agent(trace: Trace, span: Span) -> Attributes:
    person = trace.person
    answered = {"gen_ai.output.messages": _said("assistant", span.output)} if span.output else {}
    return {
        "gen_ai.agent.name": span.name,
        "gen_ai.input.messages": _said("user", span.input),
        "tag.tags": trace.tags,
        "shop.store": person.store,
        "shop.country": person.country,
        "shop.plan": person.plan,
        **answered,
    }


def _guardrail(_: Trace, span: Span) -> Attributes:
    verdict, category, score = span.verdict or ("allow", "none", 0.0)
    return {
        "openinference.span.kind": "GUARDRAIL",
        "input.value": span.input,
        "output.value": _dumped({"verdict": verdict, "category": category, "score": score}),
        "output.mime_type": "application/json",
        "gen_ai.guardrail.component.name": span.name,
        "gen_ai.guardrail.target.type": "input",
        "gen_ai.guardrail.verdict.type": verdict,
        "gen_ai.security.risk.category": category,
        "gen_ai.security.risk.score": score,
    }


def _retriever(_: Trace, span: Span) -> Attributes:
    found = [{"id": p.doc_id, "score": s, "content": p.text} for p, s in span.pages]
    return {
        "gen_ai.retrieval.query.text": span.input,
        "gen_ai.retrieval.top_k": 3,
        "gen_ai.retrieval.documents": json.dumps(found),
    }


def _tool(_: Trace, span: Span) -> Attributes:
    result = {"gen_ai.tool.call.result": span.output} if span.output else {}
    return {"gen_ai.tool.name": span.name, "gen_ai.tool.call.arguments": span.input, **result}


def _llm(trace: Trace, span: Span) -> Attributes:
    asked = {
        "gen_ai.provider.name": PROVIDERS[span.model],
        "gen_ai.request.model": span.model,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 450,
        "gen_ai.prompt.name": "support-assistant",
        "gen_ai.prompt.version": str(trace.prompt_version),
        "gen_ai.system_instructions": json.dumps(
            [{"type": "text", "content": span.messages[0]["content"]}], ensure_ascii=False
        ),
        "gen_ai.input.messages": _dumped([_message(m) for m in span.messages[1:]]),
    }
    return asked if span.error else {**asked, **_response(span)}


def _response(span: Span) -> Attributes:
    parts: list[dict[str, Any]] = [{"type": "text", "content": span.output}]
    if span.tool_call:
        call_id, name, arguments = span.tool_call
        parts = [
            {"type": "tool_call", "id": call_id, "name": name, "arguments": json.loads(arguments)}
        ]
    reason = "tool_calls" if span.tool_call else "stop"
    streamed = {}
    if span.first_token:
        seconds = round((span.first_token - span.start) / 1e6, 6)
        streamed = {"gen_ai.request.stream": True, "gen_ai.response.time_to_first_chunk": seconds}
    cached = {"gen_ai.usage.cache_read.input_tokens": span.cached_tokens}
    return {
        "gen_ai.response.id": span.response_id,
        "gen_ai.response.model": SERVED_AS[span.model],
        "gen_ai.response.finish_reasons": [reason],
        "gen_ai.output.messages": _dumped([{"role": "assistant", "parts": parts}]),
        "gen_ai.usage.input_tokens": span.input_tokens,
        "gen_ai.usage.output_tokens": span.output_tokens,
        **(cached if span.cached_tokens else {}),
        **streamed,
    }


_BY_KIND = {
    "agent": _agent,
    "guardrail": _guardrail,
    "retriever": _retriever,
    "tool": _tool,
    "llm": _llm,
}


def _message(message: Message) -> dict[str, Any]:
    role, content = message["role"], message["content"]
    if "tool_calls" in message:
        call = json.loads(message["tool_calls"])
        call = {**call, "type": "tool_call", "arguments": json.loads(call["arguments"])}
        return {"role": role, "parts": [call]}
    if role == "tool":
        part = {"type": "tool_call_response", "id": message["tool_call_id"], "response": content}
        return {"role": role, "parts": [part]}
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def _said(role: str, text: str) -> str:
    return _dumped([_message({"role": role, "content": text})])


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _evaluations(trace: Trace) -> list[dict[str, Any]]:
    found: list[Attributes] = []
    if trace.thumb is not None:
        found.append(
            {
                "gen_ai.evaluation.name": "user_feedback",
                "gen_ai.evaluation.score.value": float(trace.thumb),
                "gen_ai.evaluation.score.label": "thumbs_up" if trace.thumb else "thumbs_down",
                **({"gen_ai.evaluation.explanation": trace.comment} if trace.comment else {}),
            }
        )
    if trace.groundedness is not None:
        found.append(
            {
                "gen_ai.evaluation.name": "groundedness",
                "gen_ai.evaluation.score.value": trace.groundedness,
            }
        )
    moment = str((trace.root.end + 9_000_000) * 1000)
    return [
        {
            "timeUnixNano": moment,
            "name": "gen_ai.evaluation.result",
            "attributes": _attributes(attributes),
        }
        for attributes in found
    ]


def _attributes(values: Attributes) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": value}
