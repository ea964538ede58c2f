"""May this change ship? A policy written beforehand, and three answers: pass, fail, not known."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from llmops_lab._gates.approved import approval_check
from llmops_lab._gates.budgets import budget_checks
from llmops_lab._gates.checks import (
    must_pass_checks,
    primary_against,
    primary_alone,
    run_check,
    secondary_checks,
    segment_checks,
)
from llmops_lab._gates.early import Watch, early_check
from llmops_lab._gates.judged import People, is_judged, judged_check
from llmops_lab._gates.policy import Policy
from llmops_lab._gates.verdict import Check, Verdict
from llmops_lab._git import Repository
from llmops_lab.errors import LabError
from llmops_lab.evals import EvalRun, Settings, evaluate_until
from llmops_lab.golden import GoldenSet
from llmops_lab.targets import Target

__all__ = ["Check", "Gate", "Verdict"]


@dataclass(frozen=True)
class Gate(Policy):
    __doc__ = Policy.__doc__

    def evaluate(
        self,
        target: Target | Callable[..., Any],
        golden: GoldenSet,
        baseline: EvalRun,
        settings: Settings,
    ) -> EvalRun:
        """As `evaluate`, but it stops as soon as this gate is sure to fail the run.

        That is when a must-pass case flips, or when the evidence that the metric is worse by
        more than the margin reaches an e-value of 1 / alpha, which looking after every case
        makes no less true. Of cases that share a cluster the first to arrive counts. The rest
        of the run is missing, and `check` gives the reason. A judge's metric stops nothing.
        """
        if is_judged(self.metric, baseline):
            return evaluate_until(lambda _: False, target, golden, settings)
        watch = Watch(self, baseline)
        return evaluate_until(watch.sees_failure, target, golden, settings)

    def check(
        self,
        run: EvalRun,
        baseline: EvalRun | None = None,
        *,
        labels: pl.DataFrame | None = None,
        repository: str | Path = ".",
    ) -> Verdict:
        """The verdict on a run, compared with a baseline case by case if there is one.

        A metric that a judge has a part in needs a record of calibration (see the policy) and
        `labels` of people for a random sample of cases, blind to the judge, of both runs:
        columns run_id, case_id, value (0 to 1), and metric where not the primary one is meant.
        Where the policy names approvers, one of them must have approved a result of the same
        prompt, target, cases and policy in the Git `repository`: see `approve`. Failed calls
        count as failures and are shown apart. Raises LabError when the policy needs a baseline
        and has none, or for a metric that a run lacks.
        """
        if baseline is None and self.minimum is None:
            raise LabError("give a baseline run, or set `minimum` in the policy")
        verdict = Verdict(
            tuple(self._checks(run, baseline, People(labels, _root(repository)))),
            policy=asdict(self),
            run_id=run.run_id,
            baseline_run_id=None if baseline is None else baseline.run_id,
            golden_hash=run.plan.golden_hash,
            target=run.plan.target,
            target_identity=run.plan.target_identity,
            prompt=run.plan.prompt,
            baseline_prompt=None if baseline is None else baseline.plan.prompt,
        )
        return replace(verdict, checks=(*verdict.checks, *approval_check(verdict, repository)))

    def _checks(self, run: EvalRun, baseline: EvalRun | None, people: People) -> Iterator[Check]:
        yield run_check(self, run, "run")
        if baseline is not None:
            yield run_check(self, baseline, "baseline")
        if is_judged(self.metric, run):
            yield judged_check(self, run, baseline, people)
        elif baseline is None:
            yield primary_alone(self, run)
        else:
            yield primary_against(self, run, baseline)
        if baseline is not None:
            yield from secondary_checks(self, run, baseline, people)
            yield from segment_checks(self, run, baseline)
        if baseline is not None and run.n_missing:
            yield from early_check(self, run, baseline)
        yield from must_pass_checks(self, run, baseline)
        yield from budget_checks(run.frame, self.budgets)


def _root(place: str | Path) -> Path:
    """The folder that paths in a policy are relative to."""
    repository = Repository.around(place)
    return Path(place) if repository is None else repository.root
