"""A gate on a judge's metric stands on people's labels, not on the judge alone."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl

from llmops_lab._gates.calibrated import Calibration
from llmops_lab._gates.case_pairs import clusters_of, pair
from llmops_lab._gates.corrected import corrected_mean
from llmops_lab._gates.estimates import Estimate
from llmops_lab._gates.policy import Policy
from llmops_lab._gates.verdict import Check, Outcome
from llmops_lab._quantities import points
from llmops_lab._runs.result import JudgeIdentity
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import ColumnError, LabError

FEWEST_LABELS = 30
_JUDGE = "Judge("


@dataclass(frozen=True)
class People:
    """What people said: their labels, and where the records of calibration lie."""

    labels: pl.DataFrame | None
    place: Path

    def of(self, metric: str, primary: str) -> pl.DataFrame | None:
        """The blind labels of a metric; those that name none are of the primary one.

        Raises ColumnError for labels without run_id, case_id or value.
        """
        labels = self.labels
        if labels is None:
            return None
        if missing := {"run_id", "case_id", "value"} - set(labels.columns):
            raise ColumnError(missing, labels.columns)
        if "blind" in labels.columns:
            labels = labels.filter(pl.col("blind").fill_null(value=True))
        if "metric" in labels.columns:
            return labels.filter(pl.col("metric").fill_null(primary) == metric)
        return labels if metric == primary else None


@dataclass(frozen=True)
class JudgedChange:
    """The change that people would see, or the `problem` that keeps it from being known."""

    problem: str | None
    judge_alone: float | None = None
    estimate: Estimate | None = None
    n_labelled: int = 0


def judges_of(metric: str, run: EvalRun) -> list[str]:
    """The judges whose verdict enters this metric of the run."""
    asked = set(run.plan.judges)
    # Runs of before they were listed tell a judge by how it is described.
    judges = [
        name
        for name, described in run.plan.scorers.items()
        if name in asked or described.startswith(_JUDGE)
    ]
    return judges if metric == "passed" else [n for n in judges if n == _scorer(metric, run)]


def _scorer(metric: str, run: EvalRun) -> str:
    return metric if metric in run.plan.scorers else metric.removesuffix("_passed")


def is_judged(metric: str, run: EvalRun) -> bool:
    """Does a judge's verdict enter this metric of the run?"""
    return bool(judges_of(metric, run))


def judged_check(policy: Policy, run: EvalRun, baseline: EvalRun | None, people: People) -> Check:
    """The change that people would see, from the judge on all pairs and people on some."""
    found = judged_change(policy, policy.metric, (run, baseline), people)
    numbers: dict[str, Any] = {"judge_alone": found.judge_alone, "n_labelled": found.n_labelled}
    change = found.estimate
    if change is None:
        return Check(policy.metric, "inconclusive", found.problem or "", numbers)
    limit = -policy.margin
    enough = change.n >= policy.min_cases
    outcome: Outcome = "pass" if change.low > limit and enough else "inconclusive"
    outcome = "fail" if change.high < limit else outcome
    says = (
        f"people would see a change of {points(change.value)} points (bounds {points(change.low)} "
        f"and {points(change.high)}, {change.method} on {found.n_labelled} labelled of "
        f"{change.n} cases) against a margin of {points(limit)}; the judge alone says "
        f"{points(found.judge_alone)}"
        + (_labels_needed(found.n_labelled, change, limit) if outcome == "inconclusive" else "")
    )
    numbers |= {
        "value": change.value,
        "low": change.low,
        "high": change.high,
        "limit": limit,
        "n": change.n,
        "method": change.method,
    }
    return Check(policy.metric, outcome, says, numbers)


def _labels_needed(n_labelled: int, change: Estimate, limit: float) -> str:
    """How many labels would settle it: the bounds narrow with their number, as a mean's do."""
    cases = change.n_needed(limit)
    labels = None if cases is None else ceil(cases / change.n * n_labelled)
    if labels is None or labels > change.n:
        return "; labels of all these cases would hardly settle it"
    more = labels - n_labelled
    return f"; about {more} more labels would settle it" if more > 0 else ""


def judged_change(
    policy: Policy, metric: str, runs: tuple[EvalRun, EvalRun | None], people: People
) -> JudgedChange:
    """PPI++ on the paired difference, where labels and records of calibration allow it."""
    run, baseline = runs
    if baseline is None:
        return JudgedChange("a judge's metric gates only against a baseline")
    pairs = pair(run.frame, baseline.frame, metric)
    judge = (pairs.frame["current"] - pairs.frame["baseline"]).to_numpy()
    alone = float(judge.mean()) if len(judge) else None
    problem = pairs.too_few(policy.min_overlap) or _uncalibrated(
        policy, metric, (run, baseline), people
    )
    if problem is not None:
        return JudgedChange(problem, alone)
    labels = people.of(metric, policy.metric)
    if labels is None:
        says = "a judge gates only with people's labels of both runs: run_id, case_id, value"
        return JudgedChange(says, alone)
    positions, human = _human_changes(pairs.frame, labels, run.run_id, baseline.run_id)
    n = len(positions)
    if n < FEWEST_LABELS:
        says = f"{n} cases are labelled in both runs; {FEWEST_LABELS} are needed"
        return JudgedChange(says, alone, n_labelled=n)
    clusters = clusters_of(pairs.frame) if policy.clusters else None
    found = corrected_mean(
        judge, positions, human.to_numpy(), clusters=clusters, alpha=policy.alpha
    )
    return JudgedChange(None, alone, found, n)


def _uncalibrated(
    policy: Policy, metric: str, runs: tuple[EvalRun, EvalRun], people: People
) -> str | None:
    """Why the records of calibration do not allow these judges to gate, None when they do."""
    run, baseline = runs
    for name in judges_of(metric, run):
        if run.plan.judges.get(name) != baseline.plan.judges.get(name):
            return f"{name} was another judge in the baseline; score both runs by one"
        path = policy.calibrations.get(name)
        if path is None:
            return (
                f"{name} was never held against people: calibrate(run, labels, judge={name!r})"
                f".save('{name}.json'), and name the file under [calibrations] in the policy"
            )
        try:
            record = Calibration.load(people.place / path)
        except LabError as error:
            return str(error)
        if problem := _unfit(record, run.plan.judges.get(name), policy.max_calibration_age_days):
            return f"the calibration of {name} does not hold: {problem}; calibrate it anew"
    return None


def _unfit(record: Calibration, judge: JudgeIdentity | None, max_age_days: float) -> str | None:
    if record.identity is None or judge is None:
        return "the judge's model, prompt and rubric are not recorded; run and calibrate anew"
    for part in ("model", "prompt", "policy"):
        if getattr(record.identity, f"{part}_hash") != getattr(judge, f"{part}_hash"):
            return f"it is of another {part}"
    if record.n < FEWEST_LABELS:
        return f"it stands on {record.n} labels, {FEWEST_LABELS} are needed"
    if record.age_days > max_age_days:
        return f"it is {record.age_days:.0f} days old, {max_age_days:g} are allowed"
    return None


def _human_changes(
    pairs: pl.DataFrame, labels: pl.DataFrame, run_id: str, baseline_id: str
) -> tuple[list[int], pl.Series]:
    """Positions of the pairs that people labelled in both runs, and the change that they saw."""
    mean = (
        labels.drop_nulls("value")
        .group_by("run_id", "case_id")
        .agg(pl.col("value").cast(pl.Float64).mean())
    )
    now, then = (
        mean.filter(run_id=name).select("case_id", side="value") for name in (run_id, baseline_id)
    )
    both = (
        pairs.select("case_id")
        .with_row_index()
        .join(now, on="case_id")
        .join(then, on="case_id", suffix="_before")
        .sort("index")
    )
    return both["index"].to_list(), both["side"] - both["side_before"]
