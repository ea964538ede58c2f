"""Langfuse traces without their observations: batch export, blob `traces/`, API page.

Beside observations of the same traces they lend them user, session and tags; alone they are one
span each, without tokens; only the API's page knows duration and cost.
"""

from llmops_lab.readers._convert import constant, number, words
from llmops_lab.readers._langfuse import REPEATS, observation_side_rows
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import TRACE_ROW, Field, keys, reader

langfuse_traces = reader(
    "langfuse-traces",
    title="Langfuse traces (batch export, blob traces, API page)",
    evidence="made with the tool's package",
    source="langfuse 3.15.0 (API page)",
    signatures=keys(
        "id timestamp name sessionId userId release", "id timestamp name session_id user_id release"
    ),
    fields=(
        Field("trace_id", "id"),
        Field("span_id", "id"),
        Field("name", "name"),
        Field("kind", "id", constant("chain")),
        Field("operation", "id", constant(TRACE_ROW)),
        Field("start_ns", "timestamp", moment()),
        Field("conversation_id", "sessionId|session_id"),
        Field("user_id", "userId|user_id"),
        Field("environment", "environment"),
        Field("release", "release|version"),
        Field("tags", "tags", words),
        Field("duration_s", "latency", number),  # of a trace always in seconds
        Field("cost_reported_usd", "totalCost", number),
        Field("input", "input"),
        Field("output", "output"),
    ),
    raw=frozenset({"input", "output"}),
    repeats=REPEATS | {"observations", "scores"},  # ids alone
    side_rows=observation_side_rows,
)
