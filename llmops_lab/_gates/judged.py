"""A gate on a judge's metric stands on people's labels, not on the judge alone."""

import polars as pl

from llmops_lab._gates.corrected import corrected_mean
from llmops_lab._gates.pairs import pair
from llmops_lab._gates.policy import Policy
from llmops_lab._gates.verdict import Check
from llmops_lab._quantities import points
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import ColumnError

_FEWEST_LABELS = 30
_JUDGE = "Judge("


def is_judged(metric: str, run: EvalRun) -> bool:
    """Does a judge's verdict enter this metric of the run?"""
    named = {
        name for name, description in run.plan.scorers.items() if description.startswith(_JUDGE)
    }
    return bool(named) and (metric == "passed" or metric.removesuffix("_passed") in named)


def judged_check(
    policy: Policy, run: EvalRun, baseline: EvalRun | None, labels: pl.DataFrame | None
) -> Check:
    """The change that people would see, from the judge on all pairs and people on some."""
    pairs = None if baseline is None else pair(run.frame, baseline.frame, policy.metric).frame
    if baseline is None or pairs is None or labels is None or pairs.is_empty():
        says = (
            "a judge's metric gates only against a baseline, and with people's labels of both "
            "runs; give labels= (run_id, case_id, value)"
        )
        return Check(policy.metric, "inconclusive", says)
    positions, human = _human_changes(pairs, labels, run.run_id, baseline.run_id)
    if len(positions) < _FEWEST_LABELS:
        says = f"{len(positions)} cases are labelled in both runs; {_FEWEST_LABELS} are needed"
        return Check(policy.metric, "inconclusive", says, {"n_labelled": len(positions)})
    judge = (pairs["current"] - pairs["baseline"]).to_numpy()
    found = corrected_mean(judge, positions, human.to_numpy(), alpha=policy.alpha)
    limit = -policy.margin
    enough = found.n >= policy.min_cases
    outcome = "pass" if found.low > limit and enough else "inconclusive"
    says = (
        f"people would see a change of {points(found.value)} points (bounds {points(found.low)} "
        f"and {points(found.high)}, PPI++ on {len(positions)} labelled of {found.n} cases) "
        f"against a margin of {points(limit)}; the judge alone says {points(judge.mean())}"
    )
    numbers = {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "limit": limit,
        "n": found.n,
        "n_labelled": len(positions),
        "judge_alone": float(judge.mean()),
        "method": found.method,
    }
    return Check(policy.metric, "fail" if found.high < limit else outcome, says, numbers)


def _human_changes(
    pairs: pl.DataFrame, labels: pl.DataFrame, run_id: str, baseline_id: str
) -> tuple[list[int], pl.Series]:
    """Positions of the pairs that people labelled in both runs, and the change that they saw."""
    if missing := {"run_id", "case_id", "value"} - set(labels.columns):
        raise ColumnError(missing, labels.columns)
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
