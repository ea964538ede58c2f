"""OTLP JSON in its three dialects: specification, protobuf's MessageToJson, Phoenix."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from llmops_lab.readers._convert import choice, word
from llmops_lab.readers._dialects import attribute_fields
from llmops_lab.readers._events import EVENT_FIELDS, evaluation, messages_of
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._json import UnreadableError, decode, list_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._nesting import Nesting
from llmops_lab.readers._otel_values import KeyValue, attributes_of
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import attribute_rows, item_rows
from llmops_lab.readers._tree import Tree

_TOLD = "\x7ftold"  # what events tell, under a key that no span has
STATUS = {
    **dict.fromkeys(("1", "status_code_ok", "ok"), "ok"),
    **dict.fromkeys(("2", "status_code_error", "error"), "error"),
    **dict.fromkeys(("0", "status_code_unset", "unset"), "unset"),
}


class _Scope(msgspec.Struct, gc=False):
    name: str | None = None
    version: str | None = None
    attributes: list[KeyValue] = []


class _Resource(msgspec.Struct, gc=False):
    attributes: list[KeyValue] = []


_NONE = msgspec.Raw(b"{}")
_SCOPE = msgspec.json.Decoder(_Scope)
_RESOURCE = msgspec.json.Decoder(_Resource)


def _request(span: Any) -> Any:
    """The type of one export request whose spans are of this type."""
    of_scope = msgspec.defstruct(
        "OfScope", [("spans", list[span]), ("scope", msgspec.Raw, _NONE)], gc=False
    )
    of_resource = msgspec.defstruct(
        "OfResource",
        [("scopeSpans", list[of_scope]), ("resource", msgspec.Raw, _NONE)],
        gc=False,
    )
    return msgspec.defstruct("Request", [("resourceSpans", list[of_resource])], gc=False)


_REQUEST = msgspec.json.Decoder(_request(msgspec.Raw))


def spans_in(record: Record) -> Exploded:
    """The spans of one export request, each with its resource and scope."""
    try:
        scopes = list(_typed_scopes(_REQUEST.decode(record.data)))
    except (msgspec.DecodeError, UnicodeError, RecursionError, TypeError):
        scopes = list(_scopes(object_of(record)))  # another dialect, or something amiss
    found = [
        Record(record.line, opened(span), surroundings)
        for surroundings, spans in scopes
        for span in spans
    ]
    return Exploded(found)


_Scopes = Iterable[tuple[dict[str, Any], Sequence[Any]]]


def _typed_scopes(request: Any) -> _Scopes:
    for of_resource in request.resourceSpans:
        resource = bytes(of_resource.resource)
        for of_scope in of_resource.scopeSpans:
            yield _surroundings(resource, bytes(of_scope.scope)), of_scope.spans


@lru_cache(64)
def _surroundings(resource: bytes, scope: bytes) -> dict[str, Any]:
    """What a resource and a scope say; a file has few of them, and repeats them."""
    named = _SCOPE.decode(scope)
    return {
        "resource": attributes_of(_RESOURCE.decode(resource).attributes),
        "scope": _told(named.name, named.version, named.attributes),
    }


def _scopes(document: Any) -> _Scopes:
    for of_resource in _items(document, "resourceSpans", "resource_spans"):
        resource = attributes_of(plain_object(of_resource.get("resource")).get("attributes"))
        for of_scope in _items(
            of_resource, "scopeSpans", "scope_spans", "instrumentationLibrarySpans"
        ):
            scope = plain_object(of_scope.get("scope") or of_scope.get("instrumentationLibrary"))
            told = _told(scope.get("name"), scope.get("version"), scope.get("attributes"))
            yield {"resource": resource, "scope": told}, list_in(of_scope.get("spans"))


def _told(name: str | None, version: str | None, attributes: Any) -> dict[str, Any]:
    """What is known of an instrumentation scope."""
    more = {"version": version, "attributes": attributes_of(attributes)}
    return {"name": name, **{key: value for key, value in more.items() if value}}


def _items(document: Any, *names: str) -> list[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        raise UnreadableError("not an object")
    found = next((list_in(document[name]) for name in names if document.get(name)), [])
    return [item for item in found if isinstance(item, Mapping)]


def opened(span: Any) -> Any:
    """The span with what its events tell of messages; most spans have no such events."""
    if isinstance(span, msgspec.Raw):
        raw = memoryview(span)
        if _TELLING.search(raw) is None:
            return span
        try:
            span = decode(span)
        except UnreadableError:
            return span
    told = messages_of(span.get("events")) if isinstance(span, dict) else None
    return {**span, _TOLD: told} if told else span


def _messages(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """What the events of a batch tell of messages, where any do."""
    told = [messages_of(events) if events else None for events in columns.get("events", ())]
    return {_TOLD: told} if any(told) else {}


_TELLING = re.compile(rb'"gen_ai\.(?:\w+\.message|choice)"')

REPEATS = frozenset({"kind", "flags", "traceState", "droppedAttributesCount"})
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
    Field("input", f"{_TOLD}.input"),
    Field("output", f"{_TOLD}.output"),
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
    repeats=REPEATS,
    explode=spans_in,
    nesting=Nesting(_request, _typed_scopes, _messages),
    typed={"attributes": list[KeyValue]},
    is_silent_of_success=True,
    fields=SPAN,
    side_rows=span_rows,
)
