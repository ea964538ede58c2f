"""Why a trace costs more, or less, than it did."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._costs.cells import CellChange, Period
from llmops_lab._costs.reasons import effect_rows
from llmops_lab._display import Shown, Table
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

_SCHEMA: Final = {
    "factor": pl.String(),
    "prompt_name": pl.String(),
    "model": pl.String(),
    "part": pl.String(),
    "usd_per_trace": pl.Float64(),
    "reason": pl.String(),
}
_SMALLEST: Final = 0.05  # of the biggest effect: smaller ones are in the frame, not in the words
_MOST_REASONS: Final = 8


@dataclass(frozen=True, repr=False)
class CostChange(Shown):
    """The change of the mean cost of a trace, split into effects that add up to it exactly.

    `frame` has one row per effect, biggest first: `factor` (calls per trace; mix of prompts, of
    models within a prompt, of versions within both; tokens per call; prices), the `prompt_name`,
    `model` or `part` (input, output, other; of prices also cached and cache_write) it concerns,
    `usd_per_trace`, its `share` of the whole change, and the `reason` in words. `n_left_out`
    counts traces without a known cost.
    """

    frame: pl.DataFrame
    baseline_usd_per_trace: float
    current_usd_per_trace: float
    n_baseline: int
    n_current: int
    n_left_out: int = 0

    @property
    def usd_per_trace(self) -> float:
        """Current minus baseline."""
        return self.current_usd_per_trace - self.baseline_usd_per_trace

    @property
    def reasons(self) -> list[str]:
        """The effects that matter, in plain words, biggest first."""
        whole = _signed(self.usd_per_trace)
        return [
            f"{row['reason']}: {_signed(row['usd_per_trace'])} of {whole} per trace"
            for row in self.main_effects.iter_rows(named=True)
        ]

    @property
    def main_effects(self) -> pl.DataFrame:
        """The rows of `frame` that are not too small to mention."""
        size = pl.col("usd_per_trace").abs()
        return self.frame.filter(size >= _SMALLEST * size.max()).head(_MOST_REASONS)

    def _table(self) -> Table:
        return _change_table(self)


def explain_cost(baseline: Traces, current: Traces) -> CostChange:
    """Why a trace of `current` costs another sum than one of `baseline`, in effects that add up.

    Cost per trace is a sum over prompts, models and versions of: calls per trace × share of the
    prompt × share of the model × share of the version × tokens per call × price per token. A
    factor's effect is the mean over all orders of changing the factors (Shapley), so none is
    left over. A version or model that is new changes the mix only. Traces with a call of
    unknown cost are left out and counted. Raises LabError where a side has no known cost.
    """
    before, after = Period.of(baseline), Period.of(current)
    for name, period in (("baseline", before), ("current", after)):
        if not period.n_traces:
            raise LabError(f"no trace of {name} has a known cost; unpriced_calls(…) says why")
    change = CellChange.between(before, after)
    rows = [row for row in effect_rows(change) if abs(row["usd_per_trace"]) > 1e-15]
    means = [_mean(period) for period in (before, after)]
    share = pl.col("usd_per_trace") / (means[1] - means[0])
    frame = (
        pl.DataFrame(rows, schema=_SCHEMA)
        .sort(pl.col("usd_per_trace").abs(), descending=True)
        .with_columns(share=pl.when(share.is_finite()).then(share))
    )
    left_out = before.n_left_out + after.n_left_out
    return CostChange(frame, means[0], means[1], before.n_traces, after.n_traces, left_out)


def _mean(period: Period) -> float:
    usd = period.cells.select(pl.sum_horizontal("^usd_.*$").sum()).item()
    return float(usd) / period.n_traces


def _signed(usd: float) -> str:
    return f"{'' if usd < 0 else '+'}{quantities.dollars(usd)}"


def _change_table(change: CostChange) -> Table:
    effects = change.main_effects
    rows = [
        [row["reason"], _signed(row["usd_per_trace"]), quantities.percent(row["share"])]
        for row in effects.iter_rows(named=True)
    ]
    smaller = change.frame.join(effects, on=["factor", "reason"], how="anti")["usd_per_trace"]
    if len(smaller):
        rows.append(
            [quantities.counted(len(smaller), "smaller effect"), _signed(float(smaller.sum())), ""]
        )
    then, now = change.baseline_usd_per_trace, change.current_usd_per_trace
    by = f" ({_signed_percent(now / then - 1)})" if then else ""
    title = f"Cost per trace: {quantities.dollars(then)} → {quantities.dollars(now)}{by}"
    sizes = f"{quantities.counted(change.n_baseline, 'trace')} before, {change.n_current:,} after"
    left = f"left out: {quantities.counted(change.n_left_out, 'trace')} without a known cost"
    return Table(
        title,
        sizes,
        ("why", "per trace", "of the change"),
        rows,
        (),
        (left,) * bool(change.n_left_out),
    )


def _signed_percent(share: float) -> str:
    return f"{'' if share < 0 else '+'}{quantities.percent(share)}"
