"""What calls cost, and why that changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from llmops_lab.pricing import Price, price_sources
from llmops_lab.pricing._cells import CELLS, COUNTS
from llmops_lab.traces import Traces

_CALL_KIND: Final = ("provider", "response_model", "request_model", "service_tier")
TOLD: Final = (
    *_CALL_KIND, *COUNTS, "kind", "usage_role", "start_time", "cost_reported_usd",
)  # fmt: skip
"""What the cost of a call depends on."""
_MODEL: Final = pl.coalesce("response_model", "request_model").alias("model")
PARTS: Final = ("input", "cached", "cache_write", "output", "other")
"""What a cost is made of: full-price input, cached input, writes to the cache, output, the rest
(fees per call, audio, reasoning at a price of its own), whose `tokens` are calls."""
_LEAF: Final = pl.col("usage_role") == "leaf"


def price_traces(traces: Traces, *, prices: Mapping[str, Price] | None = None) -> Traces:
    """The same traces with `cost_usd` and `cost_source` of every call that carries tokens.

    `prices` are your own by model or `provider/model` and win; then the price list that was
    valid when the call started (genai-prices: cached tokens, cache writes, prompt-size steps,
    audio, service tiers, batch, time of day); then what the source reported. Else both columns
    are null: an unknown price, tokens nobody counted, or counts that contradict each other
    (more cached than input) are never 0. `unpriced_calls` says which and why. Fees that are not
    per token or call (web searches, pages, seconds of audio) are not in the cost.
    """
    spans = traces.spans
    numbered = spans.select(TOLD).with_row_index("_row")
    quoted = _quote(numbered.filter(_LEAF), prices or {})
    known = pl.col("cost_usd").is_not_null()
    reported = pl.col("cost_reported_usd")
    quoted = quoted.select(
        "_row",
        cost_usd=pl.coalesce("cost_usd", reported),
        cost_source=pl.when(known)
        .then("cost_source")
        .when(reported.is_not_null())
        .then(pl.lit("reported")),
    )
    costs = numbered.select("_row").join(quoted, on="_row", how="left", maintain_order="left")
    return replace(traces, frame=spans.with_columns(costs["cost_usd"], costs["cost_source"]).lazy())


def cost_parts(traces: Traces) -> pl.DataFrame:
    """Calls with a known cost, with tokens and cost in parts that add up to it.

    Columns: trace_id, prompt_name, prompt_version, model, and `tokens_` and `usd_` of each of
    PARTS. A cost that differs from the price list's (your own price, a reported one) is split
    in the list's proportions, and is all `other` where the list has none.
    """
    priced = traces.spans.with_row_index("_row").filter(_LEAF, pl.col("cost_usd").is_not_null())
    quoted = _quote(priced.with_columns(_paid="cost_usd"), {}).with_columns(
        _times=pl.when(pl.col("cost_usd") > 0).then(pl.col("_paid") / pl.col("cost_usd"))
    )
    read, written = _count("cache_read_tokens"), _count("cache_write_tokens")
    tokens = {
        "input": pl.col("input_tokens") - read - written,
        "cached": read,
        "cache_write": written,
        "output": pl.col("output_tokens"),
    }
    full = pl.col("usd_input_tokens")
    each = {
        "input": full,
        "cached": full + pl.col("usd_cache_read_tokens"),
        "cache_write": full + pl.col("usd_cache_write_tokens"),
        "output": pl.col("usd_output_tokens"),
    }
    usd = {part: (tokens[part] * each[part] * pl.col("_times")).fill_null(0.0) for part in tokens}
    return quoted.select(
        *("trace_id", "prompt_name", "prompt_version", _MODEL),
        *(
            count.fill_null(0).cast(pl.Float64).alias(f"tokens_{part}")
            for part, count in tokens.items()
        ),
        pl.lit(1.0).alias("tokens_other"),
        *(value.alias(f"usd_{part}") for part, value in usd.items()),
        (pl.col("_paid") - pl.sum_horizontal(usd.values())).alias("usd_other"),
    )


def unpriced_calls(traces: Traces, *, prices: Mapping[str, Price] | None = None) -> pl.DataFrame:
    """Calls that no price list can price: provider, model, reason and n_calls, most first."""
    return (
        _quote(traces.spans.with_row_index("_row").filter(_LEAF), prices or {})
        .filter(pl.col("reason").is_not_null())
        .group_by(
            "provider", pl.coalesce("response_model", "request_model").alias("model"), "reason"
        )
        .agg(n_calls=pl.len())
        .sort("n_calls", "model", "reason", descending=[True, False, False])
    )


def _quote(calls: pl.DataFrame, prices: Mapping[str, Price]) -> pl.DataFrame:
    """Per call `cost_usd`, `cost_source` and, where there is no cost, the `reason`."""
    kinds = calls.select(_CALL_KIND).unique(maintain_order=True).with_row_index("call_kind")
    cells = _all_cells(kinds, prices).with_row_index("cell")
    calls = calls.join(kinds, on=_CALL_KIND, how="left", nulls_equal=True, maintain_order="left")
    found = calls.join(_cell_of(calls, cells), on="_row", how="left", maintain_order="left")
    priced = found.join(cells.drop("call_kind"), on="cell", how="left", maintain_order="left")
    known = cells.select("call_kind", _known=pl.lit(value=True)).unique()
    return (
        priced.join(known, on="call_kind", how="left", maintain_order="left")
        .with_columns(reason=_reason())
        .with_columns(cost_usd=pl.when(pl.col("reason").is_null()).then(_cost()))
        .with_columns(cost_source=pl.when(pl.col("reason").is_null()).then("source"))
    )


def _all_cells(kinds: pl.DataFrame, prices: Mapping[str, Price]) -> pl.DataFrame:
    own = pl.DataFrame(
        [row for kind in kinds.iter_rows(named=True) if (row := _own_cell(kind, prices))],
        schema=CELLS,
    )
    others = kinds.join(own, on="call_kind", how="anti")
    return pl.concat([own, price_sources["genai-prices"](others)])


def _own_cell(kind: Mapping[str, str], prices: Mapping[str, Price]) -> dict[str, object] | None:
    folded = {name.lower(): price for name, price in prices.items()}
    for model in filter(None, (kind["response_model"], kind["request_model"])):
        for name in (f"{kind['provider']}/{model}", model):
            if price := folded.get(name.lower()):
                row = {"call_kind": kind["call_kind"], "usd_call": 0.0, "source": "your prices"}
                return {**row, "modal": False, "modal_cache": False, **price.coefficients()}
    return None


def _cell_of(calls: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The one cell of each call that is valid at its moment and prompt size."""
    moment, day, size = pl.col("start_time"), pl.col("_day"), pl.col("input_tokens")
    bounds = ("valid_from", "valid_to", "day_from", "day_to", "above_tokens", "up_to_tokens")
    slim = calls.select("_row", "call_kind", "start_time", "input_tokens", _day=moment.dt.time())
    return (
        slim.join(cells.select("call_kind", "cell", *bounds), on="call_kind")
        .filter(
            _open_or(moment >= pl.col("valid_from"), "valid_from"),
            _open_or(moment < pl.col("valid_to"), "valid_to"),
            _open_or(day >= pl.col("day_from"), "day_from"),
            _open_or(day < pl.col("day_to"), "day_to"),
            _open_or(size > pl.col("above_tokens"), "above_tokens"),
            _open_or(size <= pl.col("up_to_tokens"), "up_to_tokens"),
        )
        .select("_row", "cell")
    )


def _open_or(inside: pl.Expr, bound: str) -> pl.Expr:
    return pl.col(bound).is_null() | inside.fill_null(value=False)


def _count(column: str) -> pl.Expr:
    return pl.col(column).fill_null(0)


def _cost() -> pl.Expr:
    tokens = pl.sum_horizontal(_count(c) * pl.col(f"usd_{c}") for c in COUNTS)
    return tokens + pl.col("usd_call")


def _reason() -> pl.Expr:
    """Why a call has no cost; null where it has one."""
    cached = _count("cache_read_tokens") + _count("cache_write_tokens")
    media = _count("input_audio_tokens") + _count("input_image_tokens")
    given, made = pl.col("input_tokens"), pl.col("output_tokens")
    contradiction = (
        (cached > given)
        | (media > given)
        | (pl.col("modal") & (cached + media > given))
        | (_count("cache_write_1h_tokens") > _count("cache_write_tokens"))
        | (_count("reasoning_tokens") > _count("output_tokens"))
        | (_count("output_audio_tokens") > _count("output_tokens"))
    )
    uncounted = given.is_null() | (made.is_null() & (pl.col("kind") == "llm"))
    return (
        pl.when(_MODEL.is_null())
        .then(pl.lit("no model named"))
        .when(pl.col("_known").is_null())
        .then(pl.lit("not in the price list"))
        .when(uncounted)
        .then(pl.lit("tokens not counted"))
        .when(pl.col("cell").is_null())
        .then(pl.lit("no start time to date the price"))
        .when(contradiction)
        .then(pl.lit("token counts contradict each other"))
        .when(pl.col("modal_cache") & (cached > 0) & (media > 0))
        .then(pl.lit("cached audio or images not counted apart"))
    )
