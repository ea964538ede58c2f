"""Calls grouped by prompt, model and version, in two periods, and what changed between them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab._costs.shapley import Floats, factor_effects
from llmops_lab.cost import PARTS, cost_parts
from llmops_lab.traces import Traces

CELL: Final = ("prompt_name", "model", "prompt_version")
FACTORS: Final = ("calls", "prompts", "models", "versions", "tokens", "prices")


@dataclass(frozen=True)
class Period:
    """Calls of the traces whose cost is known: per cell `n`, and `tokens_` and `usd_` per part."""

    cells: pl.DataFrame
    n_traces: int
    n_left_out: int

    @classmethod
    def of(cls, traces: Traces) -> "Period":
        """The traces' calls; left out are traces with a call that has no cost."""
        rows = traces.rows
        priced = pl.col("cost_usd").is_not_null() & (pl.col("n_unpriced") == 0)
        known = rows.filter(priced)["trace_id"]
        calls = cost_parts(traces).filter(pl.col("trace_id").is_in(known.implode()))
        cells = calls.group_by(CELL).agg(pl.len().alias("n"), pl.col("^(tokens|usd)_.*$").sum())
        called = rows.filter(pl.col("n_llm_calls") > 0).height
        return cls(cells, len(known), called - len(known))


@dataclass(frozen=True)
class Factors:
    """Per cell (rows) and part (columns) the factors of its cost per trace, in one period."""

    calls: Floats
    prompts: Floats
    models: Floats
    versions: Floats
    tokens: Floats
    prices: Floats

    def in_order(self) -> list[Floats]:
        """As in FACTORS."""
        return [getattr(self, name) for name in FACTORS]


@dataclass(frozen=True)
class CellChange:
    """Both periods side by side: `cells` has every column twice, with `_0` and `_1`."""

    cells: pl.DataFrame
    before: Factors
    after: Factors
    effects: dict[str, Floats]

    @classmethod
    def between(cls, baseline: Period, current: Period) -> "CellChange":
        """Join the periods and give every factor its effect on the cost of a trace."""
        cells = _named(baseline.cells, 0).join(
            _named(current.cells, 1), on=CELL, how="full", nulls_equal=True, coalesce=True
        )
        cells = cells.with_columns(pl.exclude(CELL).fill_null(0)).sort(CELL)
        raw = [_raw(cells, side, n) for side, n in ((0, baseline.n_traces), (1, current.n_traces))]
        # What one period lacks (a new version's tokens, a gone model's price) is taken from the
        # other: its share already tells that it was not there.
        before, after = (
            Factors(*(_known(*pair) for pair in zip(mine, other, strict=True)))
            for mine, other in (raw, raw[::-1])
        )
        effects = factor_effects(before.in_order(), after.in_order())
        return cls(cells, before, after, dict(zip(FACTORS, effects, strict=True)))

    def where(self, column: str, value: str | None) -> NDArray[np.bool_]:
        """Which cells have this value."""
        return self.cells[column].eq_missing(pl.Series([value], dtype=pl.String)).to_numpy()


def _named(cells: pl.DataFrame, side: int) -> pl.DataFrame:
    return cells.rename({c: f"{c}_{side}" for c in cells.columns if c not in CELL})


def _raw(cells: pl.DataFrame, side: int, n_traces: int) -> list[Floats]:
    """The factors in the order of FACTORS; NaN where the period cannot tell."""
    n = pl.col(f"n_{side}")
    columns = cells.select(
        calls=n.sum() / n_traces,
        prompts=n.sum().over("prompt_name") / n.sum(),
        models=n.sum().over("prompt_name", "model") / n.sum().over("prompt_name"),
        versions=n / n.sum().over("prompt_name", "model"),
    )
    shares = [columns[name].cast(pl.Float64).to_numpy()[:, None] for name in FACTORS[:4]]
    tokens = cells.select(pl.col(f"tokens_{part}_{side}") / n for part in PARTS)
    prices = cells.select(
        pl.col(f"usd_{part}_{side}").sum().over("model")
        / pl.col(f"tokens_{part}_{side}").sum().over("model")
        for part in PARTS
    )
    return [*shares, tokens.to_numpy(), prices.to_numpy()]


def _known(mine: Floats, other: Floats) -> Floats:
    return np.nan_to_num(np.where(np.isfinite(mine), mine, other), posinf=0.0, neginf=0.0)
