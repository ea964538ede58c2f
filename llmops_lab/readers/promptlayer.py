"""PromptLayer request logs: search pages (`items`) and single requests."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import choice, constant, number, scaled, text_of, whole, words
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, Rows, keys, reader
from llmops_lab.readers._side_rows import as_number, item_rows
from llmops_lab.readers._tree import Tree

_STATUS = {"success": "ok", "warning": "ok", "error": "error"}


def _side_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    return {"scores": item_rows(tree, spans, "scores", _score)}


def _score(score: Mapping[str, Any], _: int) -> dict[str, Any]:
    value = as_number(score.get("value", score.get("score")))
    return {
        "name": text_of(score.get("name")) or "score",
        "value": value,
        "data_type": "numeric",
        "source": "api",
    }


promptlayer = reader(
    "promptlayer",
    title="PromptLayer request logs",
    signatures=keys("request_start_time provider_type", "request_start_time prompt_name engine"),
    fields=(
        Field("trace_id", "trace_id"),
        Field("span_id", "id|request_id"),
        Field("name", "prompt_name|function_name"),
        Field("kind", "request_start_time", constant("llm")),
        Field("start_ns", "request_start_time", moment()),
        Field("end_ns", "request_end_time", moment()),
        Field("duration_s", "latency_ms", scaled(1e-3)),
        Field("duration_s", "latency", number),
        Field("provider", "provider_type|provider"),
        Field("request_model", "engine|model"),
        Field("input_tokens", "input_tokens", whole),
        Field("output_tokens", "output_tokens", whole),
        Field("cost_reported_usd", "price|cost", number),
        Field("status", "status", choice(_STATUS)),
        Field("error_type", "error_type"),
        Field("error_message", "error_message"),
        Field("prompt_name", "prompt_name"),
        Field("prompt_version", "prompt_version_number|prompt_version"),
        Field("tags", "tags_array|tags", words),
        Field("input", "input|prompt_blueprint"),
        Field("output", "output"),
    ),
    side_rows=_side_rows,
)
