"""Comet Opik: what `opik export` writes, a JSON file per trace with its spans, or CSV."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmops_lab.readers._convert import choice, constant, number, scaled, text_of, whole, words
from llmops_lab.readers._json import list_in, object_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._opik_table import COLUMNS, FIRST, unflattened, with_firsts
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import as_number

_KINDS = {"llm": "llm", "tool": "tool", "guardrail": "guardrail", "general": "chain"}
_SOURCES = {"ui": "human", "sdk": "api", "online_scoring": "llm"}
_RESULTS = {"passed": "allow", "failed": "deny"}
_RAW = "usage.original_usage."
_OF_TRACE = ("id", "thread_id", "tags", "environment", "metadata", "error_info")


def spans_in(record: Record) -> Exploded:
    """The trace itself as the root, its spans below it, their scores and guardrail checks."""
    document = _document(object_of(record))
    trace = object_in(document.get("trace")) or {}
    spans = [span for span in list_in(document.get("spans")) if isinstance(span, Mapping)]
    context = {"trace": {key: trace.get(key) for key in _OF_TRACE}}
    root_id = trace.get("id")
    tops = [{**span, "parent_span_id": span.get("parent_span_id") or root_id} for span in spans]
    root = {**trace, "trace_id": root_id, "type": "general", "usage": None}
    found = tops if document.get("is_rest") else (root, *tops)
    records = [Record(record.line, item, context) for item in found]
    scores = _scores(trace, root_id, None)
    for span in spans:
        scores += _scores(span, root_id, span.get("id"))
    checks = list_in(trace.get("guardrails_validations"))
    return Exploded(records, {"scores": scores, "guardrails": _checks(checks, root_id)})


def _document(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document itself, or the trace and the span of a row of the CSV."""
    if "span_trace_id" not in row:
        return row
    trace, span = unflattened(row, "trace_"), unflattened(row, "span_")
    is_rest = not row.get(FIRST)
    told = {key: trace.get(key) for key in _OF_TRACE} if is_rest else trace
    return {"trace": told, "spans": [span] if span.get("id") else [], "is_rest": is_rest}


def _scores(item: Mapping[str, Any], trace_id: Any, span_id: Any) -> Rows:
    return [
        {
            "trace_id": trace_id,
            "span_id": span_id,
            "name": text_of(score.get("name")),
            "value": as_number(score.get("value")),
            "label": text_of(score.get("category_name")),
            "data_type": "categorical" if score.get("category_name") else "numeric",
            "source": _SOURCES.get(str(score.get("source")), "unknown"),
            "evaluator": text_of(score.get("created_by")),
            "explanation": text_of(score.get("reason")),
            "created_at": score.get("created_at"),
        }
        for score in list_in(item.get("feedback_scores"))
        if isinstance(score, Mapping)
    ]


def _checks(validations: Sequence[Any], trace_id: Any) -> Rows:
    return [
        {
            "trace_id": trace_id,
            "span_id": validation.get("span_id"),
            "name": text_of(check.get("name")),
            "verdict": _RESULTS.get(str(check.get("result")).lower()),
        }
        for validation in validations
        if isinstance(validation, Mapping)
        for check in list_in(validation.get("checks"))
        if isinstance(check, Mapping)
    ]


opik = reader(
    "opik",
    title="Comet Opik export (trace with spans)",
    evidence="made with the tool's package",
    source="opik 2.2.122",
    signatures=keys("trace spans trace/id", COLUMNS),
    mend=with_firsts,
    explode=spans_in,
    repeats=frozenset({"feedback_scores", FIRST}),
    is_silent_of_success=True,
    fields=(
        Field("trace_id", "trace_id"),
        Field("span_id", "id"),
        Field("parent_span_id", "parent_span_id"),
        Field("name", "name"),
        Field("kind", "type", choice(_KINDS, "other")),
        Field("operation", "type"),
        Field("start_ns", "start_time", moment()),
        Field("end_ns", "end_time", moment()),
        Field("duration_s", "duration", scaled(1e-3)),
        Field("ttft_s", "ttft", scaled(1e-3)),
        Field("request_model", "model"),
        Field("provider", "provider"),
        Field("input_tokens", "usage.prompt_tokens", whole),
        Field("output_tokens", "usage.completion_tokens", whole),
        Field("total_tokens_reported", "usage.total_tokens", whole),
        Field("cache_read_tokens", f"{_RAW}prompt_tokens_details.cached_tokens|{_RAW}input_tokens_details.cached_tokens|{_RAW}cache_read_input_tokens|{_RAW}cached_content_token_count", whole),
        Field("cache_write_tokens", f"{_RAW}cache_creation_input_tokens", whole),
        Field("reasoning_tokens", f"{_RAW}completion_tokens_details.reasoning_tokens|{_RAW}output_tokens_details.reasoning_tokens|{_RAW}thoughts_token_count", whole),
        Field("cost_reported_usd", "total_estimated_cost", number),
        Field("status", "error_info", constant("error")),
        Field("error_type", "error_info.exception_type"),
        Field("error_message", "error_info.message"),
        Field("conversation_id", "thread_id|trace.thread_id"),
        Field("user_id", "metadata.user_id|trace.metadata.user_id"),
        Field("environment", "environment|trace.environment"),
        Field("tags", "tags|trace.tags", words),
        Field("prompt_name", "metadata.opik_prompts.name"),
        Field("input", "input"),
        Field("output", "output"),
    ),
)  # fmt: skip
