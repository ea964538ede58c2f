"""Watching a run as it goes: is it already certain to fail its gate?"""

from collections.abc import Iterator

import polars as pl

from llmops_lab._gates.case_pairs import case_values, must_pass_values, weights_of
from llmops_lab._gates.evidence import Evidence
from llmops_lab._gates.policy import Policy
from llmops_lab._gates.verdict import Check
from llmops_lab._runs.result import Result
from llmops_lab._runs.run import EvalRun


class Watch:
    """Compares each result, as it comes, with what the baseline has for its case.

    Only first trials count, and of the cases of one cluster the first to come: bets need cases
    that are independent of each other.
    """

    def __init__(self, policy: Policy, baseline: EvalRun) -> None:
        self.evidence = Evidence(policy.margin, policy.alpha)
        self.is_certain = False
        self._policy = policy
        values = case_values(baseline.frame, policy.metric).drop_nulls("value")
        # Bets are on plain means; of weighted ones only a must-pass case stops the run.
        self._is_plain = weights_of(values) is None
        columns = values.select("case_id", "case_hash", "value").iter_rows()
        self._baseline = {(case_id, case_hash): value for case_id, case_hash, value in columns}
        held = must_pass_values(baseline.frame, policy.metric, policy.must_pass)
        held = held.filter(pl.col("value") == 1).select("case_id", "case_hash")
        self._must_pass = set(held.iter_rows())
        self._clusters: set[str] = set()

    def sees_failure(self, result: Result) -> bool:
        """Take one more result; True once a must-pass case flipped or the evidence is enough."""
        case, metric = result.key[:2], self._policy.metric
        if case in self._must_pass and _passes(result, metric) is False:
            self.is_certain = True
        before, now = self._baseline.get(case), _value(result, metric)
        if before is not None and now is not None and self._counts(result):
            self.evidence.add(now - before)
            self.is_certain |= self.evidence.is_enough
        return self.is_certain

    def _counts(self, result: Result) -> bool:
        return result.trial == 0 and self._is_plain and self._is_independent(result)

    def _is_independent(self, result: Result) -> bool:
        cluster = result.case.cluster
        if not self._policy.clusters or cluster is None:
            return True
        first = cluster not in self._clusters
        self._clusters.add(cluster)
        return first


def early_check(policy: Policy, run: EvalRun, baseline: EvalRun) -> Iterator[Check]:
    """Of an unfinished run: did the evidence suffice at any moment?"""
    watch = Watch(policy, baseline)
    for result in sorted(run.results, key=lambda result: result.started_at or ""):
        watch.sees_failure(result)
        if watch.evidence.is_enough:
            n, e_value = watch.evidence.n, watch.evidence.e_value
            says = (
                f"stopped early: after {n} cases {policy.metric} is worse by more than the margin "
                f"(e-value {e_value:.0f}, {1 / policy.alpha:.0f} suffices)"
            )
            yield Check("early stop", "fail", says, {"n": n, "e_value": e_value})
            return


def _passes(result: Result, metric: str) -> bool | None:
    """As `must_pass_values` reads it: the scorer's own reading where there is one."""
    passed = _value(result, f"{metric}_passed")
    value = _value(result, metric) if passed is None else passed
    return None if value is None else value == 1


def _value(result: Result, metric: str) -> float | None:
    if result.error:
        return 0.0
    if metric == "passed":
        return None if result.passed is None else float(result.passed)
    for score in result.scores:
        if score.name == metric:
            return score.value
        if f"{score.name}_passed" == metric:
            return None if score.passed is None else float(score.passed)
    return None
