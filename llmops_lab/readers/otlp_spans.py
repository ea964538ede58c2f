"""Bare OTLP spans without their resource: Phoenix's REST page `/spans/otlpv1`."""

from llmops_lab.readers._reader import keys, reader
from llmops_lab.readers.otlp import REPEATS, SPAN, span_rows

otlp_spans = reader(
    "otlp-spans",
    title="Bare OTLP spans (Phoenix REST page)",
    evidence="made with the tool's package",
    source="arize-phoenix 20.26.1",
    repeats=REPEATS,
    signatures=keys(
        "trace_id span_id attributes[]/key", "traceId spanId attributes[]/key startTimeUnixNano"
    ),
    is_silent_of_success=True,
    fields=SPAN,
    side_rows=span_rows,
    page_sizes=(100, 1000),
)
