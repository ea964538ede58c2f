"""How a run shows itself: a line per scorer, then what to look at first."""

import polars as pl

from llmops_lab._cases import shorten
from llmops_lab._display import Table
from llmops_lab._intervals import wilson
from llmops_lab._results import Plan


def run_table(plan: Plan, frame: pl.DataFrame) -> Table:
    """Pass rates with 95 % intervals per scorer, and the first failures."""
    title = f"Eval run {plan.run_id}: {plan.target} on {plan.golden or 'cases in memory'}"
    columns = ("scorer", "passed", "rate", "95 % interval", "mean value", "no score")
    rows = [_rate("all of them", frame["passed"], None)] if len(plan.scorers) > 1 else []
    rows += [_rate(name, _judged(frame, name), frame[name]) for name in plan.scorers]
    return Table(title, _subtitle(plan, frame), columns, rows, _notes(plan, frame))


def _judged(frame: pl.DataFrame, name: str) -> pl.Series:
    """Did it pass, by this scorer: a call that failed did not."""
    failed = pl.col("error").is_not_null()
    return frame.select(pl.when(failed).then(False).otherwise(f"{name}_passed")).to_series()


def _rate(name: str, passed: pl.Series, value: pl.Series | None) -> tuple[str, ...]:
    n, hits = passed.count(), int(passed.sum())
    low, high = wilson(hits, n)
    mean = None if value is None else value.mean()
    return (
        name,
        f"{hits} of {n}",
        f"{hits / n:.1%}" if n else "–",
        f"{low:.1%} to {high:.1%}" if n else "–",
        f"{mean:.3f}" if isinstance(mean, float) else "–",
        str(len(passed) - n),
    )


def _subtitle(plan: Plan, frame: pl.DataFrame) -> str:
    parts = [f"{len(plan.cases)} cases"]
    parts += [f"{plan.trials} trials each"] if plan.trials > 1 else []
    errors = frame["error"].count()
    parts += [f"{errors} failed calls"] if errors else []
    if frame["duration_s"].count():
        middle, slow = (frame["duration_s"].quantile(q, "linear") for q in (0.5, 0.95))
        parts.append(f"{middle:.2f} s median, {slow:.2f} s p95")
    if frame["cost_usd"].count():
        parts.append(f"${frame['cost_usd'].sum():.4f}")
    return ", ".join(parts)


def _notes(plan: Plan, frame: pl.DataFrame) -> list[str]:
    missing = len(plan.keys) - frame.height
    notes = [f"{missing} answers are missing; run it again with the same checkpoint"]
    wrong = frame.filter(~pl.col("passed"))
    lines = [
        f"failed {row['case_id']}: {shorten(row['input'], 40)} → "
        f"{shorten(row['error'] or row['output'] or '', 50)}"
        for row in wrong.head(5).iter_rows(named=True)
    ]
    more = [f"and {wrong.height - 5} more, see .failures()"] if wrong.height > 5 else []
    return [*(notes if missing else []), *lines, *more]
