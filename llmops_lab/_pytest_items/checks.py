"""A gate's policy as a test file, its checks as test items."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmops_lab._gates.labels import read_labels
from llmops_lab._gates.verdict import NOT_CALIBRATED
from llmops_lab.errors import LabError
from llmops_lab.evals import EvalRun
from llmops_lab.gate import Check, Gate, Verdict

VERDICT = pytest.StashKey[Verdict]()


class PolicyFile(pytest.File):
    """A gate's policy; its items are the checks of the verdict on the run."""

    def collect(self) -> Iterator["CheckItem"]:
        """The checks of the verdict; the run is judged here, for only then are they known."""
        try:
            verdict = self._verdict()
        except LabError as error:
            raise self.CollectError(str(error)) from error
        self.config.stash[VERDICT] = verdict
        for check in verdict.checks:
            yield CheckItem.from_parent(self, name=check.name, check=check)

    def _verdict(self) -> Verdict:
        given: list[Path | None] = [
            self.config.getoption(f"--llmops-{name}") for name in ("run", "baseline", "labels")
        ]
        here = self.config.invocation_params.dir
        run, baseline, labels = (file and (here / file).resolve() for file in given)
        return Gate.load(self.path).check(
            EvalRun.load(run or ""),
            baseline and EvalRun.load(baseline),
            labels=None if labels is None else read_labels(labels),
            repository=self.config.rootpath,
        )


class _NotPassedError(Exception):
    """A check that failed, or that cannot tell."""


class CheckItem(pytest.Item):
    """One check: failed as a test is, an error where it cannot tell, skipped if it has no part."""

    def __init__(self, *, check: Check, **options: Any) -> None:
        super().__init__(**options)
        self.check = check
        self.user_properties += [("outcome", check.outcome), *check.numbers.items()]
        self.add_marker("llmops_gate")

    def setup(self) -> None:
        if self.check.outcome == "inconclusive":
            raise _NotPassedError
        if self.check.outcome == NOT_CALIBRATED:
            pytest.skip(f"{NOT_CALIBRATED}: {self.check.says}")

    def runtest(self) -> None:
        if self.check.outcome == "fail":
            raise _NotPassedError

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The finding and its numbers, instead of a traceback through our own code."""
        if not isinstance(excinfo.value, _NotPassedError):
            return super().repr_failure(excinfo, style)
        numbers = (f"  {name}: {_short(value)}" for name, value in self.check.numbers.items())
        return "\n".join([f"{self.check.outcome}: {self.check.says}", *numbers])

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"gate: {self.name}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
