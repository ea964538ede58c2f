"""Two runs side by side: the same case with the same content, a value from each."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab._gates.estimates import Estimate
from llmops_lab._gates.paired_tests import difference
from llmops_lab._runs.frame import RESULT_COLUMNS
from llmops_lab.errors import LabError

_SMALLEST_GROUP = 5


@dataclass(frozen=True)
class Pairs:
    """What two runs said about one metric; `frame` has a row per case that both answered.

    Its columns: case_id, case_hash, current and baseline (means over trials, 0 where the call
    failed), cluster, tags, split, severity, label, weight, and is_flaky (trials of one run
    differed). `n_unscored` cases are in both runs and had nothing to compare in one of them.
    """

    metric: str
    frame: pl.DataFrame
    n_current: int
    n_baseline: int
    n_unscored: int

    @property
    def overlap(self) -> float:
        """The share of the larger run's cases that the other run has too."""
        return (self.frame.height + self.n_unscored) / max(self.n_current, self.n_baseline, 1)

    def too_few(self, min_overlap: float) -> str | None:
        """Why the two runs cannot be compared, None when they can."""
        if self.overlap >= min_overlap and not self.frame.is_empty():
            return None
        if self.overlap >= min_overlap and self.n_unscored:
            return f"{self.metric} had nothing to compare in any case of both runs"
        return (
            f"only {100 * self.overlap:.0f} % of the cases are in both runs with the same content; "
            "run both on one golden set"
        )


def case_values(frame: pl.DataFrame, metric: str) -> pl.DataFrame:
    """One row per case of a run: `value` is the metric's mean over trials, 0 for failed calls.

    `value` is null where the metric had nothing to compare, `is_flaky` true where trials
    differed. Raises LabError for a metric that the run does not have.
    """
    if metric not in metrics_of(frame):
        raise LabError(f"this run has no metric {metric!r}; it has {', '.join(metrics_of(frame))}")
    failed = pl.col("error").is_not_null()
    value = pl.when(failed).then(0.0).otherwise(pl.col(metric).cast(pl.Float64))
    kept = ("cluster", "tags", "split", "severity", "label", "weight")
    return frame.group_by("case_id", "case_hash", maintain_order=True).agg(
        value.mean().alias("value"),
        (value.drop_nulls().n_unique() > 1).alias("is_flaky"),
        *(pl.col(name).first() for name in kept),
    )


def must_pass_values(frame: pl.DataFrame, metric: str, severities: list[str]) -> pl.DataFrame:
    """`case_values` of the cases of these severities, by the scorer's own reading if it has one."""
    passed = f"{metric}_passed"
    values = case_values(frame, passed if passed in frame.columns else metric)
    return values.filter(pl.col("severity").is_in(severities))


def metrics_of(frame: pl.DataFrame) -> list[str]:
    """The columns of a run that a gate can stand on: `passed`, and two of each scorer."""
    of_scorers = [name for name in frame.columns if name not in RESULT_COLUMNS]
    return ["passed", *(name for name in of_scorers if not name.endswith("_reason"))]


def pair(current: pl.DataFrame, baseline: pl.DataFrame, metric: str) -> Pairs:
    """The cases that two runs share, by id and content."""
    now, then = case_values(current, metric), case_values(baseline, metric)
    both = now.join(
        then.select("case_id", "case_hash", baseline="value", flaky_before="is_flaky"),
        on=["case_id", "case_hash"],
        how="inner",
        maintain_order="left",
    ).rename({"value": "current"})
    both = both.with_columns(pl.col("is_flaky") | pl.col("flaky_before")).drop("flaky_before")
    scored = both.drop_nulls(["current", "baseline"])
    return Pairs(
        metric,
        scored,
        n_current=now.height,
        n_baseline=then.height,
        n_unscored=both.height - scored.height,
    )


def clusters_of(cases: pl.DataFrame) -> NDArray[np.int64] | None:
    """A number for each case's cluster, a case without one stands alone; None when all do."""
    labels = cases["cluster"]
    if not labels.drop_nulls().is_duplicated().any():
        return None
    own = pl.format("\0{}", pl.int_range(pl.len()))
    numbers = cases.select(pl.coalesce("cluster", own).rank("dense").cast(pl.Int64))
    return numbers.to_series().to_numpy()


def groups_of(cases: pl.DataFrame, by: str | None) -> list[tuple[str, pl.DataFrame]]:
    """The cases of each tag, split … that has at least 5, the largest group first."""
    if by is None:
        return []
    spread = cases.explode("tags", empty_as_null=True) if by == "tags" else cases
    parts = spread.drop_nulls(by).partition_by(by, as_dict=True, maintain_order=True)
    large = [(str(key[0]), part) for key, part in parts.items() if part.height >= _SMALLEST_GROUP]
    return sorted(large, key=lambda named: -named[1].height)


def weights_of(cases: pl.DataFrame) -> NDArray[np.float64] | None:
    """How much each case counts; None when all count alike. Raises LabError for less than 0."""
    weights = cases["weight"].fill_null(1.0).to_numpy()
    if (weights == weights[:1]).all() and (weights > 0).all():
        return None
    if (weights < 0).any() or not weights.sum() > 0:
        raise LabError("the weight of a case is 0 or more, and not 0 for all of them")
    return weights


def mean_over(cases: pl.DataFrame, column: str) -> float:
    """The mean of a column, cases weighted."""
    return float(np.average(cases[column].to_numpy(), weights=weights_of(cases)))


def change_of(cases: pl.DataFrame, *, clusters: bool = True, alpha: float) -> Estimate:
    """The paired change over such cases, from baseline to current."""
    now, then = (cases[side].to_numpy() for side in ("current", "baseline"))
    grouped = clusters_of(cases) if clusters else None
    return difference(now, then, grouped, weights=weights_of(cases), alpha=alpha)
