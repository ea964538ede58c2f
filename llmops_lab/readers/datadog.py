"""Datadog LLM Observability: spans of the Export API, costs in nano-dollars."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import (
    Column,
    Convert,
    Values,
    choice,
    number,
    one_by_one,
    scaled,
    text_of,
    whole,
    words,
    words_of,
)
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._json import list_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import as_number, document_maker

_KINDS = {
    "llm": "llm", "embedding": "embedding", "retrieval": "retriever", "tool": "tool",
    "agent": "agent", "workflow": "chain", "task": "chain",
}  # fmt: skip
_NANO = 1e-9


def span_in(record: Record) -> Exploded:
    """One span out of its JSON:API wrapper, with the documents it retrieved."""
    item = object_of(record)
    inner = item.get("attributes")
    span: Mapping[str, Any] = inner if isinstance(inner, Mapping) else item
    found = span.get("output")
    documents = list_in(found.get("documents")) if isinstance(found, Mapping) else []
    make = document_maker("retrieved")
    keys_of_span = {"trace_id": span.get("trace_id"), "span_id": span.get("span_id")}
    rows: Rows = [
        {**keys_of_span, **make({"content": doc.get("text"), **doc}, n)}
        for n, doc in enumerate(documents)
        if isinstance(doc, Mapping)
    ]
    scores = [{**keys_of_span, **_score(name, found)} for name, found in _evaluations(span)]
    return Exploded([Record(record.line, span)], {"documents": rows, "scores": scores})


def _evaluations(span: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    found = span.get("evaluation")
    pairs = found.items() if isinstance(found, Mapping) else ()
    return [(str(name), each) for name, each in pairs if isinstance(each, Mapping)]


def _score(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    value = found.get("value")
    is_text = isinstance(value, str)
    kind = "boolean" if isinstance(value, bool) else "categorical" if is_text else "numeric"
    return {
        "name": name,
        "value": None if is_text else as_number(value),
        "label": value if is_text else text_of(found.get("assessment")),
        "data_type": kind,
        "explanation": text_of(found.get("reasoning")),
    }


def _parent(values: Values) -> Column:
    """A root's parent is the word "undefined"."""
    series = otel_id(values).series
    return Column(series.replace(["undefined", "0"], [None, None]))


def _tag(*names: str) -> Convert:
    """The value of a `name:value` tag."""

    def read(tags: Any) -> str | None:
        pairs = [tag.split(":", 1) for tag in words_of(tags) or () if ":" in tag]
        return next((value for name in names for key, value in pairs if key == name), None)

    return lambda values: one_by_one(values, pl.String(), read)


datadog = reader(
    "datadog",
    title="Datadog LLM Observability spans (Export API)",
    signatures=keys("attributes/span_kind attributes/ml_app", "span_kind ml_app start_ns"),
    explode=span_in,
    repeats=frozenset({"evaluation"}),
    evidence="made with the tool's package",
    source="datadog-api-client 2.62.0",
    page_sizes=(10, 100, 1000, 5000),
    fields=(
        Field("trace_id", "trace_id"),
        Field("span_id", "span_id"),
        Field("parent_span_id", "parent_id", _parent),
        Field("name", "name"),
        Field("kind", "span_kind", choice(_KINDS)),
        Field("operation", "span_kind"),
        Field("start_ns", "start_ns", moment("any")),
        Field("duration_s", "duration", scaled(_NANO)),
        Field("provider", "model_provider|metadata.model_provider"),
        Field("request_model", "model_name|metadata.model_name"),
        Field("temperature", "metadata.temperature", number),
        Field("max_tokens", "metadata.max_tokens", whole),
        Field("input_tokens", "metrics.input_tokens", whole),
        Field("output_tokens", "metrics.output_tokens", whole),
        Field("total_tokens_reported", "metrics.total_tokens", whole),
        Field("cache_read_tokens", "metrics.cache_read_input_tokens", whole),
        Field("cache_write_tokens", "metrics.cache_write_input_tokens", whole),
        Field("reasoning_tokens", "metrics.reasoning_output_tokens", whole),
        Field("cost_reported_usd", "metrics.estimated_total_cost", scaled(_NANO)),
        Field("cost_input_reported_usd", "metrics.estimated_input_cost", scaled(_NANO)),
        Field("cost_output_reported_usd", "metrics.estimated_output_cost", scaled(_NANO)),
        Field("ttft_s", "metrics.time_to_first_token", number),
        Field("status", "status", choice({"ok": "ok", "error": "error"})),
        Field("error_type", "error.type|meta.error.type"),
        Field("error_type", "tags", _tag("error_type")),
        Field("error_message", "error.message|meta.error.message"),
        Field("conversation_id", "tags", _tag("session_id", "session")),
        Field("user_id", "tags", _tag("user_id", "user")),
        Field("environment", "tags", _tag("env")),
        Field("release", "tags", _tag("version")),
        Field("service_name", "ml_app"),
        Field("tags", "tags", words),
        Field("input", "input.messages|input.value|input.documents"),
        Field("output", "output.messages|output.value|output.documents"),
    ),
)
