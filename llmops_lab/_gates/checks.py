"""The questions that a gate asks, one function each."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from llmops_lab._gates.estimates import Estimate, mean_of
from llmops_lab._gates.judged import is_judged
from llmops_lab._gates.multiplicity import holm
from llmops_lab._gates.paired import difference
from llmops_lab._gates.pairs import Pairs, case_values, clusters_of, pair
from llmops_lab._gates.policy import Policy
from llmops_lab._gates.verdict import Check, Outcome
from llmops_lab._quantities import percent, points
from llmops_lab._runs.run import EvalRun


def run_check(policy: Policy, run: EvalRun, name: str) -> Check:
    """Is this the run that the policy means, and is it whole?"""
    errors = run.frame["error"].count()
    numbers = {"n_results": len(run.results), "n_missing": run.n_missing, "n_errors": errors}
    problems: list[str] = []
    if run.n_missing:
        problems.append(f"{run.n_missing} answers are missing; resume it from its checkpoint")
    if policy.dataset not in (None, run.plan.golden_hash):
        problems.append(f"it ran on cases {run.plan.golden_hash[:12]}, not the policy's dataset")
    if run.plan.trials < policy.trials:
        problems.append(f"each case was asked {run.plan.trials} times, not {policy.trials}")
    failed = f", {errors} of them failed calls, which count as failures" if errors else ""
    says = "; ".join(problems) or f"all {len(run.results)} results of {run.plan.target}{failed}"
    return Check(name, "inconclusive" if problems else "pass", says, numbers)


def primary_against(policy: Policy, run: EvalRun, baseline: EvalRun) -> Check:
    """Is the change in the primary metric above −margin, below it, or neither for sure?"""
    pairs = pair(run.frame, baseline.frame, policy.metric)
    if pairs.overlap < policy.min_overlap or pairs.frame.is_empty():
        says = (
            f"only {pairs.overlap:.0%} of the cases are in both runs with the same content; "
            "run both on one golden set"
        )
        return Check(policy.metric, "inconclusive", says, {"overlap": pairs.overlap})
    found = _change(policy, pairs)
    outcome = _outcome(policy, found, -policy.margin)
    now, then = (_mean(pairs.frame[side]) for side in ("current", "baseline"))
    numbers = _numbers(found, -policy.margin) | {
        "current": now,
        "baseline": then,
        "n_unscored": pairs.n_unscored,
        "overlap": pairs.overlap,
    }
    says = (
        f"{percent(then)} → {percent(now)}, a change of {points(found.value)} points "
        f"(bounds {points(found.low)} and {points(found.high)}) against a margin of "
        f"{points(-policy.margin)}; {found.improved} cases better, {found.worsened} worse"
        + _still_needed(policy, found, outcome, -policy.margin)
    )
    return Check(policy.metric, outcome, says, numbers)


def primary_alone(policy: Policy, run: EvalRun) -> Check:
    """Does the primary metric reach the policy's minimum?"""
    minimum = policy.minimum or 0.0
    values = case_values(run.frame, policy.metric).drop_nulls("value")
    if values.is_empty():
        return Check(policy.metric, "inconclusive", "no case could be scored")
    found = mean_of(
        values["value"].to_numpy(),
        clusters_of(values) if policy.clusters else None,
        alpha=policy.alpha,
    )
    outcome = _outcome(policy, found, minimum)
    says = (
        f"{percent(found.value)} of {found.n} cases "
        f"(bounds {percent(found.low)} and {percent(found.high)}) "
        f"against a minimum of {percent(minimum)}" + _still_needed(policy, found, outcome, minimum)
    )
    return Check(policy.metric, outcome, says, _numbers(found, minimum))


def secondary_checks(policy: Policy, run: EvalRun, baseline: EvalRun) -> Iterator[Check]:
    """Is a secondary metric worse by more than the margin, after Holm's correction?"""
    pairs = [pair(run.frame, baseline.frame, metric) for metric in policy.secondary]
    scored = [each for each in pairs if not each.frame.is_empty()]
    changes = [_change(policy, each) for each in scored]
    adjusted = holm([change.p_below(-policy.margin) for change in changes])
    for each, change, p_value in zip(scored, changes, adjusted, strict=True):
        worse = p_value < policy.alpha
        margin = points(-policy.margin)
        says = f"a change of {points(change.value)} points, " + (
            f"worse than {margin} (adjusted p {p_value:.2g})"
            if worse
            else f"not shown to be worse than {margin}"
        )
        numbers = _numbers(change, -policy.margin) | {"p_adjusted": p_value}
        yield Check(each.metric, "fail" if worse else "pass", says, numbers)


def must_pass_checks(policy: Policy, run: EvalRun, baseline: EvalRun | None) -> Iterator[Check]:
    """Does every must-pass case pass, or at least every one that passed before?"""
    now = _must_pass(policy, run)
    if now.is_empty():
        return
    wrong = now.filter(pl.col("value") < 1)
    if baseline is not None:
        then = _must_pass(policy, baseline).filter(pl.col("value") == 1)
        wrong = wrong.join(then, on=["case_id", "case_hash"], how="semi")
    ids = wrong["case_id"].to_list()
    numbers: dict[str, Any] = {"n": now.height, "cases": ids}
    verb = "fail" if baseline is None else "passed before and fail now"
    says = f"{len(ids)} of {now.height} must-pass cases {verb}"
    names = f": {', '.join(ids[:5])}" + (" …" if len(ids) > 5 else "") if ids else ""
    # What a judge alone says of a case is for people to look at.
    wrong_outcome: Outcome = "inconclusive" if is_judged(policy.metric, run) else "fail"
    yield Check("must pass", wrong_outcome if ids else "pass", says + names, numbers)


def _must_pass(policy: Policy, run: EvalRun) -> pl.DataFrame:
    passed = f"{policy.metric}_passed"
    metric = passed if passed in run.frame.columns else policy.metric
    values = case_values(run.frame, metric).drop_nulls("value")
    return values.filter(pl.col("severity").is_in(policy.must_pass))


def _change(policy: Policy, pairs: Pairs) -> Estimate:
    now, then = (pairs.frame[side].to_numpy() for side in ("current", "baseline"))
    clusters = clusters_of(pairs.frame) if policy.clusters else None
    return difference(now, then, clusters, alpha=policy.alpha)


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean())


def _outcome(policy: Policy, found: Estimate, limit: float) -> Outcome:
    if found.high < limit:
        return "fail"
    enough = found.n >= policy.min_cases
    return "pass" if enough and found.low > limit else "inconclusive"


def _still_needed(policy: Policy, found: Estimate, outcome: Outcome, limit: float) -> str:
    if outcome != "inconclusive":
        return ""
    needed = found.n_needed(limit)
    if needed is None:
        return "; no number of cases tells it from the limit"
    more = max(needed, policy.min_cases) - found.n
    return f"; about {more} more cases would settle it" if more > 0 else "; a repeat may settle it"


def _numbers(found: Estimate, limit: float) -> dict[str, Any]:
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "limit": limit,
        "p_value": found.p_value,
        "n": found.n,
        "n_clusters": found.n_clusters,
        "n_needed": found.n_needed(limit),
        "improved": found.improved,
        "worsened": found.worsened,
        "smallest_detectable": found.smallest_detectable,
        "method": found.method,
    }
