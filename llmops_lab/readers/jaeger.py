"""Jaeger JSON, as its query API and the download of its page write it, and spans of its store.

Times are whole microseconds; tags are OpenTelemetry's attributes, logs its events.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._json import list_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._otel_values import attributes_of
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers.otlp import SPAN, opened, span_rows

_TOLD = ("references", "tags", "logs", "process", "processID", "startTimeMillis")


def spans_in(record: Record) -> Exploded:
    """The spans of a trace, or the one span that the record is."""
    found = object_of(record)
    processes = plain_object(found.get("processes"))
    return Exploded([Record(record.line, *_span(s, processes)) for s in _spans(found)])


def _spans(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spans = list_in(found["spans"]) if "spans" in found else [found]
    yield from (span for span in spans if isinstance(span, Mapping))


def _span(span: Mapping[str, Any], processes: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The span as OTLP has it, and its surroundings."""
    tags = attributes_of(span.get("tags"))
    process = plain_object(span.get("process") or processes.get(str(span.get("processID"))))
    resource = {"service.name": process.get("serviceName"), **attributes_of(process.get("tags"))}
    scope = {"name": _taken(tags, "otel.scope.name", "otel.library.name")}
    start, took = span.get("startTime"), span.get("duration")
    end = start + took if isinstance(start, int) and isinstance(took, int) else None
    told = _TOLD if end is None else (*_TOLD, "duration")
    found = {
        **{key: value for key, value in span.items() if key not in told},
        "parentSpanId": _parent(span) or span.get("parentSpanID"),
        "endTime": end,
        "status": _status(tags),
        "attributes": tags,
        "events": [_event(log) for log in list_in(span.get("logs")) if isinstance(log, Mapping)],
    }
    return opened(found), {"resource": resource, "scope": scope}


def _parent(span: Mapping[str, Any]) -> Any:
    """The span it is a child of, else the one it follows from, in the same trace."""
    references = map(plain_object, list_in(span.get("references")))
    same = [r for r in references if r.get("traceID") in (None, span.get("traceID"))]
    parents = [r for r in same if r.get("refType") == "CHILD_OF"] or same
    return parents[0].get("spanID") if parents else None


def _status(tags: dict[str, Any]) -> dict[str, Any]:
    is_error = str(tags.get("error")).lower() == "true"
    code = _taken(tags, "otel.status_code") or ("error" if is_error else None)
    return {"code": code, "message": _taken(tags, "otel.status_description")}


def _taken(tags: dict[str, Any], *names: str) -> Any:
    return next(filter(None, [tags.pop(name, None) for name in names]), None)


def _event(log: Mapping[str, Any]) -> dict[str, Any]:
    attributes = attributes_of(log.get("fields"))
    at = log.get("timestamp")
    name = _taken(attributes, "event", "name")
    time_ns = at * 1000 if isinstance(at, int) else None
    return {"name": name, "timeUnixNano": time_ns, "attributes": attributes}


jaeger = reader(
    "jaeger",
    title="Jaeger traces (JSON of the query API and the page), spans of its store",
    evidence="real file seen in public",
    source="jaegertracing/jaeger-ui",
    signatures=keys("traceID spans processes", "traceID spanID operationName startTime duration"),
    is_silent_of_success=True,
    repeats=frozenset({"flags"}),
    explode=spans_in,
    fields=(
        Field("trace_id", "traceID", otel_id),
        Field("span_id", "spanID", otel_id),
        Field("name", "operationName"),
        Field("start_ns", "startTime", moment("us")),
        Field("end_ns", "endTime", moment("us")),
        *SPAN,
    ),
    side_rows=span_rows,
)
