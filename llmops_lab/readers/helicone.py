"""Helicone requests: JSON lines, JSON or the CSV of its export tool, one row per request.

Helicone's own code (packages/cost/usage, valhalla/jawn and examples/export): prompt tokens are
counted without the cached ones, a body that was not fetched is a notice, and the CSV has no
request id and doubles the quotes of objects twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

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
from llmops_lab.readers._json import plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._provider_usage import provider_fields
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import as_number
from llmops_lab.readers._tree import Tree

_PROPERTIES: Final = ("request_properties", "properties")
_BODIES: Final = ("request_body", "response_body")
_NOTICE: Final = "helicone_message"
_CACHED: Final = ("prompt_cache_read_tokens", "prompt_cache_write_tokens")
_QUOTED_TWICE: Final = r'^[\[{]+""[^:"]'


def requests_in(record: Record) -> Exploded:
    """The request, its prompt counted with the cached tokens, without notices for bodies."""
    row = object_of(record)
    counts = [row.get(name) for name in ("prompt_tokens", *_CACHED)]
    whole_counts = [count for count in counts if isinstance(count, int)]
    gone = {name: None for name in _BODIES if _NOTICE in plain_object(row.get(name))}
    body = plain_object(row.get("response_body"))
    told: dict[str, Any] = {"usage": body.get("usage") or body.get("usageMetadata")}
    if isinstance(counts[0], int):
        told["prompt_tokens"] = sum(whole_counts)
    return Exploded([Record(record.line, {**row, **gone, **told})])


def _mended(table: pl.DataFrame) -> pl.DataFrame:
    """The same for a table, with the quotes of objects as JSON has them."""
    table = opened_cells(table)
    texts = {name for name in table.columns if table[name].dtype == pl.String}
    for name in sorted(texts.intersection((*_BODIES, *_PROPERTIES))):
        cell = pl.col(name)
        halved = cell.str.replace_all('""', '"', literal=True)
        once = pl.when(cell.str.contains(_QUOTED_TWICE)).then(halved).otherwise(cell)
        is_notice = once.str.contains(rf'^\{{\s*"{_NOTICE}"')
        table = table.with_columns(pl.when(~is_notice).then(once).alias(name))
    cached = [name for name in _CACHED if name in table.columns]
    return _with_cached(table, cached) if cached and "prompt_tokens" in table.columns else table


def _with_cached(table: pl.DataFrame, cached: Sequence[str]) -> pl.DataFrame:
    """The table with cached tokens in those of the prompt; what is no number stays as it is."""
    prompt, *rest = (
        pl.col(name).cast(pl.Float64, strict=False) for name in ("prompt_tokens", *cached)
    )
    both = prompt + pl.sum_horizontal(tokens.fill_null(0) for tokens in rest)
    as_written = pl.col("prompt_tokens").cast(pl.String)
    return table.with_columns(
        prompt_tokens=pl.when(both.is_not_null()).then(both.cast(pl.String)).otherwise(as_written)
    )


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


def _first_token(values: Values) -> Column:
    """Milliseconds; a 0 where nothing was streamed."""
    waited = scaled(1e-3)(values)
    some = waited.series.to_frame("x").select(pl.when(pl.col("x") > 0).then("x").alias("x"))
    return Column(some["x"], waited.problems)


def _side_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    """The thumb that a request got, and its scores by name."""
    ids = list(spans.select("trace_id", "span_id").iter_rows())
    ratings = tree.column("feedback_rating")
    found = flag(ratings).series if ratings is not None else []
    thumb = {"name": "feedback", "data_type": "boolean", "source": "human"}
    rows: Rows = [
        {**thumb, "trace_id": trace_id, "span_id": span_id, "value": float(rating)}
        for (trace_id, span_id), rating in zip(ids, found, strict=False)
        if rating is not None
    ]
    rows += [
        {"trace_id": trace_id, "span_id": span_id, "name": name, **_score(value)}
        for (trace_id, span_id), scores in zip(ids, tree.listed("scores"), strict=False)
        for name, value in plain_object(scores).items()
    ]
    return {"scores": rows}


def _score(value: Any) -> dict[str, Any]:
    """A number, or an object of a value and its type."""
    told = plain_object(value)
    kind = "boolean" if told.get("valueType") == "boolean" else "numeric"
    return {"value": as_number(told.get("value", value)), "data_type": kind, "source": "api"}


helicone = reader(
    "helicone",
    title="Helicone requests (JSON lines, CSV)",
    signatures=keys(
        "request_id request_created_at", "response_id request_created_at response_status"
    ),
    explode=requests_in,
    mend=_mended,
    fields=(
        Field("trace_id", _in_properties("Helicone-Session-Id")),
        Field("span_id", "request_id|response_id"),
        Field("name", f"{_in_properties('Helicone-Session-Path')}|request_path"),
        Field("kind", "request_created_at", constant("llm")),
        Field("start_ns", "request_created_at", moment()),
        Field("end_ns", "response_created_at", moment()),
        Field("duration_s", "delay_ms", scaled(1e-3)),
        Field("ttft_s", "time_to_first_token", _first_token),
        Field("provider", "provider"),
        Field("request_model", "request_model|model|model_override"),
        Field("response_model", "response_model"),
        *provider_fields("usage"),
        Field("input_tokens", "prompt_tokens", whole),
        Field("output_tokens", "completion_tokens", whole),
        Field("total_tokens_reported", "total_tokens", whole),
        Field("cache_read_tokens", "prompt_cache_read_tokens", whole),
        Field("cache_write_tokens", "prompt_cache_write_tokens", whole),
        Field("input_audio_tokens", "prompt_audio_tokens", whole),
        Field("output_audio_tokens", "completion_audio_tokens", whole),
        Field("reasoning_tokens", "reasoning_tokens", whole),
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
