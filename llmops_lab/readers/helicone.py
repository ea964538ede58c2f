"""Helicone requests: JSON lines, JSON or CSV, one row per request."""

from collections.abc import Mapping

import polars as pl

from llmops_lab.readers._convert import (
    Column,
    Values,
    constant,
    flag,
    gentle,
    number,
    scaled,
    whole,
    word,
)
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, Rows, keys, reader
from llmops_lab.readers._tree import Tree

_PROPERTIES = ("request_properties", "properties")


def _http_status(values: Values) -> Column:
    code = gentle(whole)(values).series.to_frame("x")
    failed = pl.when(pl.col("x").is_between(200, 299)).then(pl.lit("ok"))
    return Column(code.select(x=failed.when(pl.col("x").is_not_null()).then(pl.lit("error")))["x"])


def _in_properties(name: str) -> str:
    return "|".join(f"{key}.{name}" for key in _PROPERTIES)


def _error_code(values: Values) -> Column:
    code = word(values).series
    failed = _http_status(values).series == "error"
    return Column(code.to_frame("x").select(pl.when(failed).then("x").alias("x"))["x"])


def _side_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    """The thumb that a request got."""
    ids = spans.select("trace_id", "span_id").iter_rows()
    ratings = tree.column("feedback_rating")
    found = flag(ratings).series if ratings is not None else []
    thumb = {"name": "feedback", "data_type": "boolean", "source": "human"}
    return {
        "scores": [
            {**thumb, "trace_id": trace_id, "span_id": span_id, "value": float(rating)}
            for (trace_id, span_id), rating in zip(ids, found, strict=False)
            if rating is not None
        ]
    }


helicone = reader(
    "helicone",
    title="Helicone requests (JSON lines, CSV)",
    signatures=keys("request_id request_created_at"),
    fields=(
        Field("trace_id", _in_properties("Helicone-Session-Id")),
        Field("span_id", "request_id"),
        Field("name", f"{_in_properties('Helicone-Session-Path')}|request_path"),
        Field("kind", "request_id", constant("llm")),
        Field("start_ns", "request_created_at", moment()),
        Field("end_ns", "response_created_at", moment()),
        Field("duration_s", "delay_ms", scaled(1e-3)),
        Field("ttft_s", "time_to_first_token", scaled(1e-3)),
        Field("provider", "provider"),
        Field("request_model", "request_model|model|model_override"),
        Field("response_model", "response_model"),
        Field("input_tokens", "prompt_tokens", whole),
        Field("output_tokens", "completion_tokens", whole),
        Field("total_tokens_reported", "total_tokens", whole),
        Field("cache_read_tokens", "prompt_cache_read_tokens", whole),
        Field("cache_write_tokens", "prompt_cache_write_tokens", whole),
        Field("input_audio_tokens", "prompt_audio_tokens", whole),
        Field("output_audio_tokens", "completion_audio_tokens", whole),
        Field("cost_reported_usd", "cost|costUSD|cost_usd", number),
        Field("status", "response_status", _http_status),
        Field("error_type", "response_status", _error_code),
        Field("conversation_id", _in_properties("Helicone-Session-Id")),
        Field("user_id", "helicone_user|request_user_id|user_id"),
        Field("prompt_name", f"prompt_id|request_prompt_id|{_in_properties('Helicone-Prompt-Id')}"),
        Field("prompt_version", "prompt_version"),
        Field("environment", _in_properties("Environment")),
        Field("input", "request_body"),
        Field("output", "response_body"),
    ),
    side_rows=_side_rows,
)
