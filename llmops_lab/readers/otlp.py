"""OTLP JSON in its three dialects: specification, protobuf's MessageToJson, Phoenix."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import choice, word
from llmops_lab.readers._dialects import attribute_fields
from llmops_lab.readers._events import EVENT_FIELDS, evaluation, messages_of
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._json import UnreadableError, list_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._otel_values import attributes_of
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import attribute_rows, item_rows
from llmops_lab.readers._tree import Tree

STATUS = {
    **dict.fromkeys(("1", "status_code_ok", "ok"), "ok"),
    **dict.fromkeys(("2", "status_code_error", "error"), "error"),
    **dict.fromkeys(("0", "status_code_unset", "unset"), "unset"),
}


def spans_in(record: Record) -> Exploded:
    """The spans of one export request, each with its resource and scope."""
    document = object_of(record)
    found = [
        Record(record.line, _opened(span), {"resource": resource, "scope": scope})
        for resource, scope, spans in _scopes(document)
        for span in spans
    ]
    return Exploded(found)


def _scopes(document: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[Any]]]:
    for of_resource in _items(document, "resourceSpans", "resource_spans"):
        resource = attributes_of(plain_object(of_resource.get("resource")).get("attributes"))
        for of_scope in _items(
            of_resource, "scopeSpans", "scope_spans", "instrumentationLibrarySpans"
        ):
            scope = plain_object(of_scope.get("scope") or of_scope.get("instrumentationLibrary"))
            yield resource, {"name": scope.get("name")}, list_in(of_scope.get("spans"))


def _items(document: Any, *names: str) -> list[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        raise UnreadableError("not an object")
    found = next((list_in(document[name]) for name in names if document.get(name)), [])
    return [item for item in found if isinstance(item, Mapping)]


def _opened(span: Any) -> Any:
    """The span with what its events tell of messages."""
    told = messages_of(span.get("events")) if isinstance(span, dict) else None
    return {**span, "told": told} if told else span


SPAN = (
    Field("trace_id", "traceId|trace_id", otel_id),
    Field("span_id", "spanId|span_id", otel_id),
    Field("parent_span_id", "parentSpanId|parent_span_id", otel_id),
    Field("name", "name"),
    Field("start_ns", "startTimeUnixNano|start_time_unix_nano", moment("ns")),
    Field("end_ns", "endTimeUnixNano|end_time_unix_nano", moment("ns")),
    Field("status", "status.code", choice(STATUS, "unset")),
    Field("error_message", "status.message", word),
    Field("scope_name", "scope.name"),
    *attribute_fields("attributes."),
    *EVENT_FIELDS,
    Field("input", "told.input"),
    Field("output", "told.output"),
    Field("service_name", "resource.service.name"),
    Field("release", "resource.service.version"),
    Field("environment", "resource.deployment.environment.name|resource.deployment.environment"),
)

_from_attributes = attribute_rows("attributes.")


def span_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    """Rows that a span's attributes and events tell."""
    found = dict(_from_attributes(tree, spans))
    return {**found, "scores": [*found["scores"], *item_rows(tree, spans, "events", evaluation)]}


otlp = reader(
    "otlp",
    title="OpenTelemetry OTLP JSON",
    evidence="real file",
    signatures=keys("resourceSpans", "resource_spans"),
    repeats=frozenset({"kind", "flags", "traceState", "droppedAttributesCount"}),
    explode=spans_in,
    fields=SPAN,
    side_rows=span_rows,
)
