"""Langfuse observations: batch export (CSV, JSON, JSON lines), events export, API pages 1 and 2."""

from llmops_lab.readers._langfuse import (
    OBSERVATION,
    REPEATS,
    observation_side_rows,
    with_counted_subsets,
)
from llmops_lab.readers._reader import keys, reader

langfuse_observations = reader(
    "langfuse-observations",
    title="Langfuse observations (batch and events export, API page)",
    evidence="made with the tool's package",
    source="langfuse 5.0.4 (API page)",
    signatures=keys(
        "id traceId startTime type",
        "id traceId startTime usageDetails",
        "id traceId startTime usage",
    ),
    fields=OBSERVATION,
    raw=frozenset({"input", "output"}),
    repeats=REPEATS,
    finish=with_counted_subsets,
    side_rows=observation_side_rows,
    page_sizes=(50, 100, 500, 1000, 1_500_000),
)
