"""Two runs of the same cases, side by side: what changed, where, and which answers flipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._cases.case import shorten
from llmops_lab._display import Cell, Shown, Table
from llmops_lab._gates.case_pairs import change_of, groups_of, mean_over, pair
from llmops_lab._gates.estimates import Estimate
from llmops_lab._gates.judged import judges_of
from llmops_lab._gates.policy import SEGMENTS
from llmops_lab._multiplicity import benjamini_hochberg
from llmops_lab.errors import LabError
from llmops_lab.evals import EvalRun

_ALPHA = 0.025  # one-sided, for bounds of 95 %
_COLUMNS = {
    "group": pl.String,
    "n": pl.Int64,
    "baseline": pl.Float64,
    "current": pl.Float64,
    "change": pl.Float64,
    "change_low": pl.Float64,
    "change_high": pl.Float64,
    "p_value": pl.Float64,
    "improved": pl.Int64,
    "worsened": pl.Int64,
}


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """The paired change of one metric; `frame` has a row for all cases, then one per group.

    Columns: group (null for all cases), n, baseline, current, change with change_low and
    change_high (95 %), p_value (two-sided, of no change), p_adjusted (Benjamini–Hochberg over
    the groups), improved, worsened (cases). `flips` holds the cases whose metric went up or
    down: case_id, input, expected, baseline_output, output, baseline, current, tags. `flaky`
    names the cases whose trials differed within one run: case_id, baseline, current, tags.
    `judges` are the scorers behind the metric that ask a model: theirs is not people's verdict.
    """

    metric: str
    by: str | None
    run_id: str
    baseline_run_id: str
    frame: pl.DataFrame
    flips: pl.DataFrame
    flaky: pl.DataFrame
    method: str
    n_unpaired: int
    judges: tuple[str, ...] = ()

    def _table(self) -> Table:
        title = f"Change in {self.metric}: {self.baseline_run_id} → {self.run_id}"
        worse, better = (self.flips.filter(_went(sign)).height for sign in (-1, 1))
        subtitle = f"{quantities.counted(worse, 'case')} got worse, {better} better; {self.method}"
        columns = (self.by or "", "cases", "before", "now", "change", "p", "better", "worse")
        rows = [_row(row) for row in self.frame.iter_rows(named=True)]
        return Table(title, subtitle, columns, rows, _worst(self.flips), [*self._callouts()])

    def _callouts(self) -> Iterator[str]:
        if self.judges:
            names = ", ".join(self.judges)
            yield f"judged by a model ({names}); calibrate(run, labels) says how far to trust it"
        if self.n_unpaired:
            yield f"{self.n_unpaired} cases are in one run only and are not compared"
        if self.flaky.height:
            ids = self.flaky["case_id"].to_list()
            names = ", ".join(ids[:5]) + (" …" if len(ids) > 5 else "")
            yield f"{len(ids)} cases are flaky: their trials differed within a run ({names})"


def compare(
    run: EvalRun, baseline: EvalRun, *, metric: str = "passed", by: str | None = "tags"
) -> Comparison:
    """What changed from a baseline to a run, over the cases that both answered.

    `metric` is `passed`, a scorer's name or `<scorer>_passed`; failed calls count as 0, and cases
    by their weight. `by` splits by tags, split, cluster, severity or label; groups of fewer than
    5 cases are left out. Raises LabError when no case is in both runs, or the metric or `by` is
    not there.
    """
    if by is not None and by not in SEGMENTS:
        raise LabError(f"no groups by {by!r}; there are: {', '.join(SEGMENTS)}")
    pairs = pair(run.frame, baseline.frame, metric)
    if pairs.frame.is_empty():
        raise LabError("no case is in both runs with the same content; run one golden set twice")
    overall = change_of(pairs.frame, alpha=_ALPHA)
    rows = [_record(None, pairs.frame, overall)]
    rows += [
        _record(name, part, change_of(part, alpha=_ALPHA))
        for name, part in groups_of(pairs.frame, by)
    ]
    frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
    return Comparison(
        metric,
        by,
        run.run_id,
        baseline.run_id,
        frame.with_columns(_adjusted(frame)),
        _flips(pairs.frame, run.frame, baseline.frame),
        pairs.frame.filter("is_flaky").select("case_id", "baseline", "current", "tags"),
        overall.method,
        pairs.n_current + pairs.n_baseline - 2 * (pairs.frame.height + pairs.n_unscored),
        tuple(judges_of(metric, run)),
    )


def _record(name: str | None, part: pl.DataFrame, found: Estimate) -> tuple[object, ...]:
    before, now = mean_over(part, "baseline"), mean_over(part, "current")
    bounds = (found.value, max(found.low, -1.0), min(found.high, 1.0), found.p_value)
    return (name, found.n, before, now, *bounds, found.improved, found.worsened)


def _adjusted(frame: pl.DataFrame) -> pl.Series:
    groups = frame["p_value"][1:].to_list()
    return pl.Series("p_adjusted", [None, *benjamini_hochberg(groups)], dtype=pl.Float64)


def _flips(pairs: pl.DataFrame, run: pl.DataFrame, baseline: pl.DataFrame) -> pl.DataFrame:
    key = ["case_id", "case_hash"]
    changed = pairs.filter(pl.col("current") != pl.col("baseline")).select(
        *key, "baseline", "current", "tags"
    )
    said = pl.coalesce("error", "output")
    first = pl.col("trial") == 0
    now = run.filter(first).select(*key, "input", "expected", output=said)
    then = baseline.filter(first).select(*key, baseline_output=said)
    joined = changed.join(now, on=key, how="left").join(then, on=key, how="left")
    columns = ("case_id", "input", "expected", "baseline_output", "output")
    return joined.select(*columns, "baseline", "current", "tags").sort(
        pl.col("current") - pl.col("baseline"), "case_id"
    )


def _went(sign: int) -> pl.Expr:
    return (pl.col("current") - pl.col("baseline")).sign() == sign


def _row(row: dict[str, Any]) -> tuple[str | Cell, ...]:
    change, low, high = (row[name] for name in ("change", "change_low", "change_high"))
    adjusted = row["p_adjusted"] if row["group"] is not None else row["p_value"]
    return (
        str(row["group"] or "all cases"),
        quantities.count(row["n"]),
        quantities.percent(row["baseline"]),
        quantities.percent(row["current"]),
        Cell(quantities.points(change), f"{quantities.points(low)} to {quantities.points(high)}"),
        f"{adjusted:.2g}",
        str(row["improved"]),
        str(row["worsened"]),
    )


def _worst(flips: pl.DataFrame) -> list[str]:
    worse = flips.filter(_went(-1)).head(5)
    return [
        f"worse {row['case_id']}: {shorten(row['baseline_output'] or '', 40)} → "
        f"{shorten(row['output'] or '', 40)}"
        for row in worse.iter_rows(named=True)
    ]
