"""MLflow traces: Trace JSON of version 2 and 3, and `search_traces` frames as CSV or records."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from llmops_lab.readers._convert import choice, number, text_of, whole, words
from llmops_lab.readers._dialects import MLFLOW_KINDS, attribute_fields
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._json import UnreadableError, list_in, object_in, plain_object, value_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import as_number, attribute_rows
from llmops_lab.readers.otlp import STATUS

_USAGE = "attributes.mlflow.chat.tokenUsage"
_COST = "attributes.mlflow.llm.cost"
_OF_TRACE = ("client_request_id", "trace_location", "experiment_id")
_SELF_TOLD = "mlflow.traceRequestId"  # of a span in the artifact `traces.json`, which has no info
_SOURCES = {"HUMAN": "human", "LLM_JUDGE": "llm", "CODE": "code"}


def spans_in(record: Record) -> Exploded:
    """The spans of one trace, with what its info says of all of them."""
    row = object_of(record)
    whole_trace = object_in(row.get("trace")) or row
    info = object_in(whole_trace.get("info")) or row
    data = object_in(whole_trace.get("data")) or whole_trace
    spans = list_in(data.get("spans")) or list_in(row.get("spans"))
    if not spans and _SELF_TOLD in plain_object(row.get("attributes")):
        return Exploded([Record(record.line, _opened(row))])
    if not spans:
        raise UnreadableError("a trace without spans")
    trace_id = info.get("trace_id") or info.get("request_id")
    more = {key: info[key] for key in _OF_TRACE if info.get(key)}
    context = {"info": {**_metadata(info), **more, "id": trace_id}}
    found = [Record(record.line, _opened(span), context) for span in spans]
    assessments = list_in(info.get("assessments")) or list_in(row.get("assessments"))
    return Exploded(found, {"scores": _scores(assessments, trace_id)})


def _metadata(info: Mapping[str, Any]) -> dict[str, Any]:
    """Session, user and tags, whatever version wrote them."""
    metadata = object_in(info.get("trace_metadata")) or _pairs(info.get("request_metadata"))
    tags = object_in(info.get("tags")) or _pairs(info.get("tags"))
    shown = [f"{key}:{value}" for key, value in tags.items() if not key.startswith("mlflow.")]
    return {"metadata": metadata, "tags": shown or None, "names": tags}


def _pairs(value: Any) -> dict[str, Any]:
    """Version 2 may list pairs of key and value."""
    found = value_in(value)
    if isinstance(found, list):
        return {
            str(p["key"]): p.get("value") for p in found if isinstance(p, Mapping) and "key" in p
        }
    return dict(found) if isinstance(found, Mapping) else {}


def _opened(span: Any) -> Any:
    """Every attribute is JSON in text; version 2 keeps the ids one level down."""
    if not isinstance(span, Mapping):
        return span
    attributes = object_in(span.get("attributes")) or {}
    context: Mapping[str, Any] = plain_object(span.get("context"))
    return {**span, **context, "attributes": {k: _value(v) for k, v in attributes.items()}}


def _value(text: Any) -> Any:
    import msgspec

    if not isinstance(text, str):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def _scores(assessments: Sequence[Any], trace_id: Any) -> Rows:
    return [_score(item, trace_id) for item in assessments if isinstance(item, Mapping)]


def _score(item: Mapping[str, Any], trace_id: Any) -> dict[str, Any]:
    feedback: Mapping[str, Any] = plain_object(item.get("feedback"))
    expectation: Mapping[str, Any] = plain_object(item.get("expectation"))
    source: Mapping[str, Any] = plain_object(item.get("source"))
    value = feedback.get("value", expectation.get("value", expectation.get("serialized_value")))
    is_number = isinstance(value, (int, float))
    kind = "boolean" if isinstance(value, bool) else "numeric" if is_number else "categorical"
    return {
        "trace_id": otel_id([item.get("trace_id") or trace_id]).series[0],
        "span_id": otel_id([item.get("span_id")]).series[0],
        "name": text_of(item.get("assessment_name") or item.get("name")),
        "value": as_number(float(value)) if is_number else None,
        "label": None if is_number else text_of(value),
        "data_type": "expectation" if expectation else kind,
        "source": _SOURCES.get(str(source.get("source_type")), "unknown"),
        "evaluator": text_of(source.get("source_id")),
        "explanation": text_of(item.get("rationale")),
        "created_at": item.get("create_time") or item.get("create_time_ms"),
        "valid": item.get("valid"),
    }


def _anthropic_inclusive(spans: pl.DataFrame) -> pl.DataFrame:
    """MLflow keeps Anthropic's counts, which leave cached tokens out of the input.

    Source: mlflow/tracing/utils `_aggregate_from_nodes`.
    """
    apart = pl.coalesce("provider", "request_model").str.contains("(?i)anthropic|claude")
    cached = pl.col("cache_read_tokens").fill_null(0) + pl.col("cache_write_tokens").fill_null(0)
    total = pl.col("total_tokens_reported")
    apart &= total.is_null() | (total == pl.col("input_tokens") + pl.col("output_tokens"))
    return spans.with_columns(
        input_tokens=pl.when(apart).then(pl.col("input_tokens") + cached).otherwise("input_tokens")
    )


mlflow = reader(
    "mlflow",
    title="MLflow traces (Trace JSON 2 and 3, search_traces frame)",
    evidence="real file",
    signatures=keys(
        "info data/spans",
        "trace_id spans execution_duration",
        "trace_id trace state request_time",
        f"name span_id trace_id attributes/{_SELF_TOLD}",
        f"name context/span_id attributes/{_SELF_TOLD}",
    ),
    explode=spans_in,
    finish=_anthropic_inclusive,
    fields=(
        Field("trace_id", "trace_id|info.id", otel_id),
        Field("span_id", "span_id", otel_id),
        Field("parent_span_id", "parent_span_id|parent_id", otel_id),
        Field("name", "name"),
        Field("kind", "attributes.mlflow.spanType", choice(MLFLOW_KINDS)),
        Field("operation", "attributes.mlflow.spanType"),
        Field("start_ns", "start_time_unix_nano|start_time", moment("ns")),
        Field("end_ns", "end_time_unix_nano|end_time", moment("ns")),
        Field("status", "status.code|status_code|status", choice(STATUS, "unset")),
        Field("error_message", "status.message|status_message"),
        Field("request_model", "attributes.mlflow.llm.model|attributes.model"),
        Field("provider", "attributes.mlflow.llm.provider"),
        Field("input_tokens", f"{_USAGE}.input_tokens", whole),
        Field("output_tokens", f"{_USAGE}.output_tokens", whole),
        Field("total_tokens_reported", f"{_USAGE}.total_tokens", whole),
        Field("cache_read_tokens", f"{_USAGE}.cache_read_input_tokens", whole),
        Field("cache_write_tokens", f"{_USAGE}.cache_creation_input_tokens", whole),
        Field("cache_write_1h_tokens", f"{_USAGE}.cache_creation_input_tokens_above_1hr", whole),
        Field("cost_reported_usd", f"{_COST}.total_cost", number),
        Field("cost_input_reported_usd", f"{_COST}.input_cost", number),
        Field("cost_output_reported_usd", f"{_COST}.output_cost", number),
        Field("conversation_id", "info.metadata.mlflow.trace.session"),
        Field("user_id", "info.metadata.mlflow.trace.user"),
        Field("tags", "info.tags", words),
        Field("service_name", "info.names.service.name"),
        Field("input", "attributes.mlflow.spanInputs"),
        Field("output", "attributes.mlflow.spanOutputs"),
        *attribute_fields("attributes."),
    ),
    side_rows=attribute_rows("attributes."),
    page_sizes=(100, 500, 1000),
)
