"""How a run shows itself: a line per scorer, then what to look at first."""

from typing import Any

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._cases.case import shorten
from llmops_lab._display import Cell, Table
from llmops_lab._runs.pass_rates import ALL, pass_rates
from llmops_lab._runs.result import Plan

_SHOWN = 5


def run_table(plan: Plan, frame: pl.DataFrame) -> Table:
    """Pass rates with 95 % intervals per scorer, and the first failures."""
    title = f"Eval run {plan.run_id}: {plan.target} on {plan.golden or 'cases in memory'}"
    columns = ("scorer", "passed", "rate", "mean value", "not scored")
    rows = [_row(r) for r in pass_rates(frame, [*plan.scorers], by=None).iter_rows(named=True)]
    return Table(title, _subtitle(plan, frame), columns, rows, _notes(frame), _missing(plan, frame))


def _row(rate: dict[str, Any]) -> tuple[str | Cell, ...]:
    bounds = quantities.interval(rate["rate_low"], rate["rate_high"], quantities.percent)
    return (
        "all scorers" if rate["scorer"] == ALL else rate["scorer"],
        f"{rate['n_passed']:,} of {rate['n']:,}",
        Cell(quantities.percent(rate["rate"]), bounds),
        quantities.UNKNOWN if rate["value"] is None else f"{rate['value']:.3f}",
        quantities.count(rate["n_unscored"]),
    )


def _subtitle(plan: Plan, frame: pl.DataFrame) -> str:
    parts = [f"{len(plan.cases):,} cases"]
    parts += [f"{plan.trials} trials each"] if plan.trials > 1 else []
    errors = frame["error"].count()
    parts += [f"{errors:,} failed calls"] if errors else []
    if frame["duration_s"].count():
        middle, slow = (frame["duration_s"].quantile(q, "linear") for q in (0.5, 0.95))
        parts.append(f"{quantities.seconds(middle)} median, {quantities.seconds(slow)} p95")
    if frame["cost_usd"].count():
        parts.append(quantities.dollars(float(frame["cost_usd"].sum())))
    return ", ".join(parts)


def _missing(plan: Plan, frame: pl.DataFrame) -> list[str]:
    missing = len(plan.keys) - frame.height
    says = f"{missing} answers are missing; run it again with the same checkpoint"
    return [says] if missing else []


def _notes(frame: pl.DataFrame) -> list[str]:
    wrong = frame.filter(~pl.col("passed"))
    lines = [
        f"failed {row['case_id']}: {shorten(row['input'], 40)} → "
        f"{shorten(row['error'] or row['output'] or '', 50)}"
        for row in wrong.head(_SHOWN).iter_rows(named=True)
    ]
    rest = wrong.height - len(lines)
    more = [f"and {rest:,} more, see .failures()"] if rest else []
    return ["Rates with 95 % intervals; a failed call counts as a failure.", *lines, *more]
