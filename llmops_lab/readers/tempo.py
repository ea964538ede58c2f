"""OTLP in the wrappers of query APIs: Grafana Tempo's (version 1, 2 and its download) and Jaeger's.

Tempo writes ids in base64.
"""

from llmops_lab.readers._json import plain_object
from llmops_lab.readers._reader import Exploded, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers.otlp import REPEATS, SPAN, span_rows, spans_in


def traces_in(record: Record) -> Exploded:
    """The spans of one answer, each with its resource and scope."""
    answer = object_of(record)
    inner = plain_object(answer.get("trace") or answer.get("result")) or answer
    found = inner.get("batches") or inner.get("resourceSpans")
    return spans_in(Record(record.line, {"resourceSpans": found}))


tempo = reader(
    "tempo",
    title="Grafana Tempo trace (API, download), Jaeger API version 3",
    signatures=keys(
        "batches batches[]/scopeSpans",
        "batches batches[]/instrumentationLibrarySpans",
        "trace trace/resourceSpans",
        "trace trace/batches",
        "result result/resourceSpans",
    ),
    is_silent_of_success=True,
    repeats=REPEATS,
    explode=traces_in,
    fields=SPAN,
    side_rows=span_rows,
)
