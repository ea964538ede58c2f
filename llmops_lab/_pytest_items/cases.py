"""A golden set as a test file, its active cases as test items."""

import re
from collections.abc import Callable, Iterator, Sequence
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest

from llmops_lab._cases.case import Case, as_text
from llmops_lab._runs.answer import Answer, storable
from llmops_lab._runs.named import named_object
from llmops_lab._runs.own_loop import run_in_own_loop, work_together
from llmops_lab._runs.result import Result
from llmops_lab._runs.secrets import error_text
from llmops_lab.errors import LabError
from llmops_lab.golden import GoldenSet
from llmops_lab.scorers import Scorer
from llmops_lab.scorers._applied import applied, as_scorers
from llmops_lab.targets import Target
from llmops_lab.targets._as_target import as_target
from llmops_lab.targets._named import named_target

# Marks that pytest itself acts on; a tag of such a name is only a word.
_OF_PYTEST = {"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail"}


class GoldenFile(pytest.File):
    """A golden set; its items are the active cases, asked of the target and scored."""

    def collect(self) -> Iterator["CaseItem"]:
        try:
            cases = GoldenSet.load(self.path).active
            target, scorers = self._target(), self._scorers()
        except LabError as error:
            raise self.CollectError(str(error)) from error
        for case in cases:
            yield CaseItem.from_parent(
                self, name=case.id, case=case, target=target, scorers=scorers
            )

    def _target(self) -> Target:
        option = self.config.getoption("--llmops-target") or self.config.getini("llmops_target")
        return as_target(named_target(str(option), folder=self.config.rootpath))

    def _scorers(self) -> list[Scorer]:
        named = self.config.getoption("--llmops-scorer") or self.config.getini("llmops_scorers")
        root = self.config.rootpath
        return as_scorers([named_object(n, folder=root) if ":" in n else n for n in named])


class _FailedError(Exception):
    """An answer that a scorer failed, or no answer."""


class CaseItem(pytest.Item):
    """One case: it passes when all scorers pass the target's answer; marked by its tags."""

    def __init__(
        self, *, case: Case, target: Target, scorers: Sequence[Scorer], **options: Any
    ) -> None:
        super().__init__(**options)
        self.case, self.target, self.scorers = case, target, scorers
        for word in filter(None, (*case.tags, case.severity, "llmops_case")):
            self._mark(word)

    def _mark(self, word: str) -> None:
        name = re.sub(r"[^\w-]+", "_", word).strip("_")
        if not name or name in _OF_PYTEST:
            return
        self.config.addinivalue_line("markers", f"{name}: golden cases so tagged")
        self.add_marker(name)

    def runtest(self) -> None:
        found = asked(self.case, self.target, self.scorers)
        numbers = {score.name: score.value for score in found.scores}
        numbers["cost_usd"] = found.answer.cost_usd
        self.user_properties += [(name, n) for name, n in numbers.items() if n is not None]
        if found.passed is None:
            reasons = (score.reason or score.name for score in found.scores)
            pytest.skip(f"no scorer had anything to say: {'; '.join(reasons)}")
        if not found.passed:
            raise _FailedError(told(found))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """What was asked, expected and answered, and why it fails, instead of a traceback."""
        if isinstance(excinfo.value, _FailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"case: {self.name}"


def asked(case: Case, target: Target, scorers: Sequence[Scorer]) -> Result:
    """The target's answer to one case, scored; what goes wrong is the result's error."""
    return _result(case, lambda: target.answer(case, 0), scorers, (target, *scorers))


def scored(case: Case, answer: Any, named: Sequence[Any]) -> Result:
    """An answer that is there already, scored."""
    scorers = as_scorers(named)
    return _result(case, lambda: answer, scorers, scorers)


def _result(
    case: Case, ask: Callable[[], Any], scorers: Sequence[Scorer], parts: Sequence[object]
) -> Result:
    found: list[Result] = []

    async def work() -> None:
        answer = await _answer(ask)
        scores = [] if answer.error else [await applied(each, case, answer) for each in scorers]
        found.append(Result(case, 0, answer, tuple(scores)))

    if not run_in_own_loop(work_together(work, 1, parts=parts), threads=1):
        raise KeyboardInterrupt  # the loop ends quietly, pytest is to end too
    return found[0]


async def _answer(ask: Callable[[], Any]) -> Answer:
    try:
        given = ask()
        given = await given if isawaitable(given) else given
        return storable(given if isinstance(given, Answer) else Answer(given))
    except Exception as error:
        return Answer(error=error_text(error))


def told(result: Result) -> str:
    """Which scorers failed an answer and why, then question, expected answer and answer."""
    case = result.case
    lines = [f"error: {result.error}"] if result.error else []
    lines += [
        f"{score.name}: {'not scored' if score.passed is None else 'failed'}"
        + (f" ({score.reason})" if score.reason else "")
        for score in result.scores
        if not score.passed and not score.error
    ]
    shown = {"input": case.input, "expected": case.expected, "answer": result.answer.output}
    lines += [f"  {name}: {as_text(value)}" for name, value in shown.items() if value is not None]
    if case.label == "bad":
        lines.append("  (a known-bad case: the expected text is one never to give again)")
    return "\n".join(lines)
