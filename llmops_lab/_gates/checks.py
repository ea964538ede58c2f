"""The questions that a gate asks, one function each."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from llmops_lab._gates.case_pairs import (
    case_values,
    change_of,
    clusters_of,
    groups_of,
    mean_over,
    must_pass_values,
    pair,
    weights_of,
)
from llmops_lab._gates.estimates import Estimate, mean_of
from llmops_lab._gates.judged import JudgedChange, People, is_judged, judged_change
from llmops_lab._gates.policy import Policy
from llmops_lab._gates.verdict import NOT_CALIBRATED, Check, Outcome
from llmops_lab._multiplicity import benjamini_hochberg, holm
from llmops_lab._quantities import count, counted, percent, points
from llmops_lab._runs.result import says_undeclared
from llmops_lab._runs.run import EvalRun

# Beyond so many times the cases at hand no one will write them.
_FAR = 20
_SHOWN = 20
_PASSED = pl.col("value") == 1


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
    if hint := says_undeclared(run.plan.undeclared):
        says += f"; {hint}"
    return Check(name, "inconclusive" if problems else "pass", says, numbers)


def primary_against(policy: Policy, run: EvalRun, baseline: EvalRun) -> Check:
    """Is the change in the primary metric above −margin, below it, or neither for sure?"""
    pairs = pair(run.frame, baseline.frame, policy.metric)
    if problem := pairs.too_few(policy.min_overlap):
        return Check(policy.metric, "inconclusive", problem, {"overlap": pairs.overlap})
    found = change_of(pairs.frame, clusters=policy.clusters, alpha=policy.alpha)
    outcome = _outcome(policy, found, -policy.margin)
    now, then = (mean_over(pairs.frame, side) for side in ("current", "baseline"))
    numbers = _numbers(found, -policy.margin) | {
        "current": now,
        "baseline": then,
        "n_unscored": pairs.n_unscored,
        "n_flaky": int(pairs.frame["is_flaky"].sum()),
        "overlap": pairs.overlap,
        "worsened_cases": _worst(pairs.frame),
    }
    says = (
        f"{percent(then)} → {percent(now)}, a change of {points(found.value)} points "
        f"(bounds {points(found.low)} and {points(found.high)}) against a margin of "
        f"{points(-policy.margin)}; {counted(found.improved, 'case')} better, "
        f"{found.worsened} worse"
    )
    if outcome == "inconclusive":
        says += "; " + still_needed(found, -policy.margin, policy.min_cases)
    return Check(policy.metric, outcome, says, numbers)


def _worst(cases: pl.DataFrame) -> list[str]:
    """The ids of some cases that got worse, those that lost most first."""
    change = pl.col("current") - pl.col("baseline")
    return cases.filter(change < 0).sort(change, "case_id")["case_id"].head(_SHOWN).to_list()


def primary_alone(policy: Policy, run: EvalRun) -> Check:
    """Does the primary metric reach the policy's minimum?"""
    minimum = policy.minimum or 0.0
    values = case_values(run.frame, policy.metric).drop_nulls("value")
    if values.is_empty():
        return Check(policy.metric, "inconclusive", "no case could be scored")
    found = mean_of(
        values["value"].to_numpy(),
        clusters_of(values) if policy.clusters else None,
        weights=weights_of(values),
        alpha=policy.alpha,
    )
    outcome = _outcome(policy, found, minimum)
    says = (
        f"{percent(found.value)} of {found.n} cases "
        f"(bounds {percent(found.low)} and {percent(found.high)}) "
        f"against a minimum of {percent(minimum)}"
    )
    if outcome == "inconclusive":
        says += "; " + still_needed(found, minimum, policy.min_cases)
    return Check(policy.metric, outcome, says, _numbers(found, minimum))


def secondary_checks(
    policy: Policy, run: EvalRun, baseline: EvalRun, people: People
) -> Iterator[Check]:
    """Is a secondary metric worse by more than the margin, after Holm's correction?

    Of a judge's metric people's labels decide, and without them nothing does.
    """
    changes: list[tuple[str, Estimate]] = []
    for metric in policy.secondary:
        pairs = pair(run.frame, baseline.frame, metric)
        if problem := pairs.too_few(policy.min_overlap):
            yield Check(metric, "inconclusive", problem, {"overlap": pairs.overlap})
        elif not is_judged(metric, run):
            found = change_of(pairs.frame, clusters=policy.clusters, alpha=policy.alpha)
            changes.append((metric, found))
        else:
            judged = judged_change(policy, metric, (run, baseline), people)
            if judged.estimate is None:
                yield _not_calibrated(metric, judged)
            else:
                changes.append((metric, judged.estimate))
    adjusted = holm([change.p_below(-policy.margin) for _, change in changes])
    for (metric, change), p_value in zip(changes, adjusted, strict=True):
        yield _not_worse(policy, metric, change, p_value)


def segment_checks(policy: Policy, run: EvalRun, baseline: EvalRun) -> Iterator[Check]:
    """Is a segment worse by more than the margin, at a false discovery rate of alpha?"""
    if policy.segments is None or is_judged(policy.metric, run):
        return
    cases = pair(run.frame, baseline.frame, policy.metric).frame
    groups = [
        (name, change_of(part, clusters=policy.clusters, alpha=policy.alpha))
        for name, part in groups_of(cases, policy.segments)
    ]
    adjusted = benjamini_hochberg([change.p_below(-policy.margin) for _, change in groups])
    for (name, change), p_value in zip(groups, adjusted, strict=True):
        yield _not_worse(policy, f"{policy.segments}: {name}", change, p_value)


def _not_worse(policy: Policy, name: str, change: Estimate, p_value: float) -> Check:
    """Failed where a change is shown to be below −margin; nothing is held open by it."""
    worse, margin = p_value < policy.alpha, points(-policy.margin)
    says = f"a change of {points(change.value)} points in {change.n} cases, " + (
        f"worse than {margin} (adjusted p {p_value:.2g})"
        if worse
        else f"not shown to be worse than {margin}"
    )
    numbers = _numbers(change, -policy.margin) | {"p_adjusted": p_value}
    return Check(name, "fail" if worse else "pass", says, numbers)


def _not_calibrated(metric: str, judged: JudgedChange) -> Check:
    alone = "" if judged.judge_alone is None else f" of {points(judged.judge_alone)} points"
    says = f"the judge alone sees a change{alone}, which decides nothing: {judged.problem}"
    return Check(metric, NOT_CALIBRATED, says, {"judge_alone": judged.judge_alone})


def must_pass_checks(policy: Policy, run: EvalRun, baseline: EvalRun | None) -> Iterator[Check]:
    """Does every must-pass case pass, or at least every one that passed before?

    One that has gone, or was not scored, is no pass.
    """
    now = must_pass_values(run.frame, policy.metric, policy.must_pass)
    then = now.clear()
    if baseline is not None:
        before = must_pass_values(baseline.frame, policy.metric, policy.must_pass)
        then = before.filter(_PASSED)
    if now.is_empty() and then.is_empty():
        return
    key = ["case_id", "case_hash"]
    wrong = now.filter(pl.col("value") < 1)
    open_cases = now.filter(pl.col("value").is_null())
    if baseline is not None:
        wrong = wrong.join(then, on=key, how="semi")
        open_cases = pl.concat([open_cases, then.join(now, on=key, how="anti")])
    ids, lost = wrong["case_id"].to_list(), open_cases["case_id"].to_list()
    verb = "fail" if baseline is None else "passed before and fail now"
    says = f"{len(ids)} of {now.height} must-pass cases {verb}{_named(ids)}"
    if lost:
        says += f"; {len(lost)} were not scored, or are gone or changed{_named(lost)}"
    # What a judge alone says of a case is for people to look at.
    failed: Outcome = "inconclusive" if is_judged(policy.metric, run) else "fail"
    outcome: Outcome = failed if ids else "inconclusive" if lost else "pass"
    numbers: dict[str, Any] = {"n": now.height, "cases": ids, "cases_open": lost}
    yield Check("must pass", outcome, says, numbers)


def _named(ids: list[str]) -> str:
    return f": {', '.join(ids[:5])}" + (" …" if len(ids) > 5 else "") if ids else ""


def _outcome(policy: Policy, found: Estimate, limit: float) -> Outcome:
    if found.high < limit:
        return "fail"
    enough = found.n >= policy.min_cases
    return "pass" if enough and found.low > limit else "inconclusive"


def still_needed(found: Estimate, limit: float, min_cases: int) -> str:
    """How many cases would settle it, in words that stay sensible beside the limit."""
    seen = f"{found.n} cases tell a difference of {100 * found.smallest_detectable:.1f} points"
    needed = found.n_needed(limit)
    if needed is None or needed > _FAR * max(found.n, min_cases):
        way_out = _if_unchanged(found, limit)
        return f"it lies too near the limit for any sensible number of cases ({seen}){way_out}"
    more = max(needed, min_cases) - found.n
    if more <= 0:
        return f"a repeat may settle it ({seen})"
    return f"about {count(more)} more cases would settle it ({seen})"


def _if_unchanged(found: Estimate, limit: float) -> str:
    """How many cases would do were it as good as before: what a study is planned by."""
    enough = found.n_needed(limit, truth=0.0) if limit < 0 else None
    if enough is None or enough <= found.n:
        return ""
    return f"; were nothing worse in truth, {enough - found.n} more would show it"


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
        "n_if_unchanged": found.n_needed(limit, truth=0.0) if limit < 0 else None,
        "improved": found.improved,
        "worsened": found.worsened,
        "smallest_detectable": found.smallest_detectable,
        "method": found.method,
    }
