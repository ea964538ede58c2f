"""Spans as the OpenTelemetry SDKs print them: Python's console exporter, JS's ReadableSpan."""

from llmops_lab.readers._convert import choice, word
from llmops_lab.readers._dialects import attribute_fields
from llmops_lab.readers._events import EVENT_FIELDS
from llmops_lab.readers._ids import otel_id
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, keys, reader
from llmops_lab.readers.otlp import STATUS, span_rows

otel_sdk = reader(
    "otel-sdk",
    title="OpenTelemetry SDK span dump (Python console, JS)",
    evidence="real file",
    signatures=keys(
        "context/trace_id context/span_id kind start_time attributes",
        "spanContext/traceId startTime attributes",
    ),
    is_silent_of_success=True,
    fields=(
        Field("trace_id", "context.trace_id|spanContext.traceId", otel_id),
        Field("span_id", "context.span_id|spanContext.spanId", otel_id),
        Field("parent_span_id", "parent_id|parentSpanContext.spanId|parentSpanId", otel_id),
        Field("name", "name"),
        Field("start_ns", "start_time|startTime", moment("ns")),
        Field("end_ns", "end_time|endTime", moment("ns")),
        Field("status", "status.status_code|status.code", choice(STATUS, "unset")),
        Field("error_message", "status.description|status.message", word),
        Field("scope_name", "instrumentationScope.name|instrumentation_scope.name"),
        *attribute_fields("attributes."),
        *EVENT_FIELDS,
        Field("service_name", "resource.attributes.service.name|resource.service.name"),
        Field("release", "resource.attributes.service.version"),
    ),
    side_rows=span_rows,
)
