"""What a segment costs, how long it takes and how often it fails, from rows of traces."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from llmops_lab._rates import rate_columns
from llmops_lab._scan.units import unit_of
from llmops_lab._spans.rows import RATES, known_sum

_USED: Final[dict[str, Any]] = {
    "user_id": pl.String,
    "status": pl.String,
    "guardrail_hit": pl.Boolean,
    "negative_feedback": pl.Boolean,
    "cost_usd": pl.Float64,
    "duration_s": pl.Float64,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
}
COLUMNS: Final = (
    "n_users",
    "cost_usd",
    "cost_usd_mean",
    "duration_s_p50",
    "duration_s_p95",
    *(f"{name}{part}" for name in RATES for part in ("", "_low", "_high")),
    "input_tokens",
    "output_tokens",
)


def measured(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """One row per group of `keys`: `n`, then COLUMNS; sums of cost and tokens, null if unknown.

    Rates come with 95 % Wilson intervals for an effective number of rows: of users who send
    many queries, the intervals know that they are not independent. Source: Kish 1965 (design
    effect); Franco, Little, Louis and Slud 2019 (Wilson's interval with it).
    """
    missing = [pl.lit(None, kind).alias(name) for name, kind in _USED.items() if name not in rows]
    known = rows.with_columns(missing).with_columns(unit_of(rows.columns).alias("_unit"))
    found = known.group_by(*keys, maintain_order=True).agg(*_sums())
    for name, hit in RATES.items():
        found = found.join(_rate(known, keys, name, hit), on=list(keys), how="left")
    return found.select(*keys, "n", *COLUMNS)


def _sums() -> list[pl.Expr]:
    return [
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("user_id").drop_nulls().n_unique().cast(pl.Int64).alias("n_users"),
        *(known_sum(column) for column in ("cost_usd", "input_tokens", "output_tokens")),
        pl.col("cost_usd").mean().alias("cost_usd_mean"),
        pl.col("duration_s").median().alias("duration_s_p50"),
        pl.col("duration_s").quantile(0.95, "linear").alias("duration_s_p95"),
    ]


def _rate(rows: pl.DataFrame, keys: Sequence[str], name: str, hit: pl.Expr) -> pl.DataFrame:
    """The rate with its interval, from each unit's hits and rows."""
    per_unit = (
        rows.with_columns(hit.alias("_hit"))
        .group_by(*keys, "_unit")
        .agg(pl.col("_hit").sum().cast(pl.Float64), pl.col("_hit").count().alias("_n"))
        .filter(pl.col("_n") > 0)
    )
    rate = pl.col("_hit").sum() / pl.col("_n").sum()
    # Of the sum over units of (hits − rate · rows)², the variance of a ratio.
    squares = (
        pl.col("_hit").pow(2).sum()
        - 2 * rate * (pl.col("_hit") * pl.col("_n")).sum()
        + rate.pow(2) * pl.col("_n").pow(2).sum()
    )
    total, units = pl.col("_n").sum(), pl.len()
    grouped = per_unit.group_by(*keys).agg(
        rate.alias("_rate"),
        total.alias("_total"),
        (squares * units / (units - 1) / (rate * (1 - rate) * total)).alias("_effect"),
        (pl.col("_n").pow(2).sum() / total).alias("_most"),
    )
    # Where all or none failed the rows say nothing of how alike a unit's are: assume all alike.
    # One unit alone is one observation.
    effect = pl.when(pl.col("_effect").is_finite()).then("_effect").otherwise("_most")
    effective = pl.col("_total") / pl.max_horizontal(effect, 1.0)
    return (
        grouped.with_columns(effective.alias(f"{name}_n"))
        .with_columns((pl.col("_rate") * pl.col(f"{name}_n")).alias(f"_{name}_hits"))
        .with_columns(rate_columns(name))
        .select(*keys, name, f"{name}_low", f"{name}_high")
    )
