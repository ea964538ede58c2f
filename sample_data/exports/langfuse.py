"""Langfuse: one JSON line per trace, each the download of a trace from its current UI.

Shape `{"observations": [...], "scores": [...]}` without a trace object: the trace's name, user,
session, tags and release stand on every observation. `usageDetails.input` leaves out cached
tokens, `latency` and `timeToFirstToken` are seconds, `metadata` is JSON in a string.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sample_data.exports.clock import iso_ms
from sample_data.spans import SERVED_AS, Span
from sample_data.story import Trace

_TYPES = {
    "agent": "AGENT",
    "guardrail": "GUARDRAIL",
    "retriever": "RETRIEVER",
    "llm": "GENERATION",
    "tool": "TOOL",
}
_PROJECT = "cm7larkmoor0001prod"


def langfuse_lines(traces: Iterable[Trace]) -> Iterator[str]:
    """One line per trace."""
    for trace in traces:
        observations = [_observation(trace, span) for span in trace.spans]
        record = {"observations": observations, "scores": _scores(trace)}
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _observation(trace: Trace, span: Span) -> dict[str, Any]:
    return {
        "id": span.span_id,
        "traceId": trace.trace_id,
        "startTime": iso_ms(span.start),
        "endTime": iso_ms(span.end),
        "projectId": _PROJECT,
        "parentObservationId": span.parent_id,
        "type": _TYPES[span.kind],
        "environment": "production",
        "name": span.name,
        "level": "ERROR" if span.error else "DEFAULT",
        "statusMessage": f"{span.error[0]}: {span.error[1]}" if span.error else None,
        "version": None,
        "input": _input(span),
        "output": _output(span),
        "completionStartTime": iso_ms(span.first_token) if span.first_token else None,
        "latency": round((span.end - span.start) / 1e6, 3),
        "timeToFirstToken": round((span.first_token - span.start) / 1e6, 3)
        if span.first_token
        else None,
        **_model(trace, span),
        "traceName": "support-assistant",
        "userId": trace.person.user_id,
        "sessionId": trace.session_id,
        "tags": trace.tags,
        "release": trace.release,
        "metadata": _metadata(trace, span),
    }


def _model(trace: Trace, span: Span) -> dict[str, Any]:
    is_call = span.kind == "llm"
    usage, cost = _usage(span) if is_call else ({}, {})
    return {
        "model": SERVED_AS[span.model] if is_call else None,
        "modelParameters": {"temperature": 0.2, "max_tokens": 450} if is_call else None,
        "promptName": "support-assistant" if is_call else None,
        "promptVersion": trace.prompt_version if is_call else None,
        "usageDetails": usage,
        "costDetails": cost,
        "totalCost": cost.get("total", 0),
        "toolCalls": [_tool_call(span)] if span.tool_call else [],
    }


def _usage(span: Span) -> tuple[dict[str, int], dict[str, float]]:
    if span.error:
        return {}, {}
    fresh, cached, out = span.costs
    usage = {"input": span.input_tokens - span.cached_tokens, "output": span.output_tokens}
    cost = {"input": fresh, "output": out}
    if span.cached_tokens:
        usage["input_cached_tokens"] = span.cached_tokens
        cost["input_cached_tokens"] = cached
    usage["total"] = span.input_tokens + span.output_tokens
    cost["total"] = round(fresh + cached + out, 9)
    return usage, cost


def _tool_call(span: Span) -> dict[str, str]:
    call_id, name, arguments = span.tool_call or ("", "", "")
    return {"id": call_id, "name": name, "arguments": arguments, "type": "function"}


def _input(span: Span) -> Any:
    if span.kind == "llm":
        return [_message(m) for m in span.messages]
    return span.input if span.kind != "tool" else json.loads(span.input or "{}")


def _message(message: dict[str, str]) -> dict[str, Any]:
    if "tool_calls" not in message:
        return dict(message)
    return {**message, "tool_calls": [json.loads(message["tool_calls"])]}


def _output(span: Span) -> Any:
    if span.error:
        return None
    if span.kind == "retriever":
        return [
            {"id": p.doc_id, "score": s, "content": p.text, "metadata": {"title": p.title}}
            for p, s in span.pages
        ]
    if span.verdict:
        verdict, category, score = span.verdict
        return {"verdict": verdict, "category": category, "score": score}
    if span.kind == "llm":
        calls = {"tool_calls": [_tool_call(span)]} if span.tool_call else {}
        return {"role": "assistant", "content": span.output or None, **calls}
    return json.loads(span.output) if span.kind == "tool" else span.output


def _metadata(trace: Trace, span: Span) -> str | None:
    if span.parent_id:
        return None
    person = trace.person
    return json.dumps(
        {
            "attributes": {"store": person.store, "country": person.country, "plan": person.plan},
            "resourceAttributes": {"service.name": "support-assistant"},
            "scope": {"name": "langfuse-sdk", "version": "3.14.1"},
        }
    )


def _scores(trace: Trace) -> list[dict[str, Any]]:
    scores: list[dict[str, Any]] = []
    if trace.thumb is not None:
        word = "True" if trace.thumb else "False"
        scores.append(
            _score(trace, "user_feedback", trace.thumb, ("BOOLEAN", word, "API", trace.comment))
        )
    if trace.groundedness is not None:
        scores.append(
            _score(trace, "groundedness", trace.groundedness, ("NUMERIC", None, "EVAL", ""))
        )
    return scores


def _score(
    trace: Trace, name: str, value: float, kind: tuple[str, str | None, str, str]
) -> dict[str, Any]:
    data_type, word, source, comment = kind
    return {
        "id": f"{trace.trace_id[:20]}-{name}",
        "projectId": _PROJECT,
        "environment": "production",
        "name": name,
        "value": value,
        "source": source,
        "authorUserId": None,
        "comment": comment or None,
        "configId": None,
        "timestamp": iso_ms(trace.root.end + 9_000_000),
        "traceId": trace.trace_id,
        "sessionId": None,
        "observationId": None,
        "stringValue": word,
        "dataType": data_type,
    }
