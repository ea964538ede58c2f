"""Langfuse scores: blob `scores/` and API pages; they hold no spans."""

from llmops_lab.readers._langfuse import score_rows
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record, object_of


def scores_in(record: Record) -> Exploded:
    """No span, one score."""
    return Exploded([], {"scores": score_rows([object_of(record)])})


langfuse_scores = reader(
    "langfuse-scores",
    title="Langfuse scores (blob, API page)",
    signatures=keys(
        "trace_id data_type name value source",
        "traceId dataType name value source",
        "subject dataType name value source",
    ),
    evidence="made with the tool's package",
    source="langfuse 5.0.4 (API page)",
    explode=scores_in,
    fields=(Field("span_id", "no span"),),
)
