"""BurstGPT: one row per request, seconds on the campus's own clock, with or without sessions."""

import polars as pl

from llmops_lab.readers._convert import choice, constant, number, whole
from llmops_lab.readers._reader import Field, reader

_MODELS = {"chatgpt": "gpt-3.5-turbo", "gpt-4": "gpt-4"}


def _outcomes(spans: pl.DataFrame) -> pl.DataFrame:
    """The authors: a request without response tokens failed; unknown where none are counted."""
    return spans.with_columns(status=pl.when(pl.col("output_tokens").is_not_null()).then("status"))


burstgpt = reader(
    "burstgpt",
    title="BurstGPT trace (CSV, both headers)",
    evidence="real file",
    signatures=(frozenset({"Timestamp", "Model", "Request tokens", "Response tokens"}),),
    required=("start_offset_s",),
    finish=_outcomes,
    fields=(
        Field("start_offset_s", "Timestamp", number),
        Field("kind", "Timestamp", constant("llm")),
        Field("duration_s", "Elapsed time", number),
        Field("provider", "Model", constant("openai")),
        Field("request_model", "Model", choice(_MODELS)),
        Field("input_tokens", "Request tokens", whole),
        Field("output_tokens", "Response tokens", whole),
        Field("total_tokens_reported", "Total tokens", whole),
        Field("conversation_id", "Session ID"),
        Field("operation", "Log Type"),
        Field("status", "Response tokens", choice({"0": "error", "0.0": "error"}, "ok")),
    ),
)
