"""Langfuse blob-storage export: `observations/` and `observations_v2/` (JSON lines, CSV, Parquet)."""

from llmops_lab.readers._langfuse import (
    REPEATS,
    observation_fields,
    observation_side_rows,
    with_counted_subsets,
)
from llmops_lab.readers._reader import keys, reader

langfuse_blob = reader(
    "langfuse-blob",
    title="Langfuse blob export: observations, observations_v2",
    signatures=keys(
        "id trace_id start_time provided_model_name",
        "id trace_id start_time usage_details type",
        "id trace_id start_time parent_observation_id",
        "id trace_id start_time is_root_observation trace_name",
    ),
    fields=observation_fields(
        trace_id="trace_id",
        parent="parent_observation_id",
        start="start_time",
        end="end_time",
        first_token="completion_start_time",  # noqa: S106
        status_message="status_message",
        usage="usage_details|provided_usage_details",
        cost="cost_details|provided_cost_details",
        total_cost="total_cost",
        prompt_name="prompt_name",
        prompt_version="prompt_version",
        session="session_id",
        user="user_id",
        tags="tags",
        parameters="model_parameters",
        model="provided_model_name|model",
    ),
    raw=frozenset({"input", "output"}),
    repeats=REPEATS,
    finish=with_counted_subsets,
    side_rows=observation_side_rows,
)
