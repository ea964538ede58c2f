"""The answer holds the expected text."""

from dataclasses import dataclass
from typing import ClassVar

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import compared, scorers


@scorers.register("contains")
@dataclass(frozen=True)
class Contains:
    """1 when an expected text stands somewhere in the answer; space counts once."""

    ignore_case: bool = True
    name: str = "contains"
    needs_expected: ClassVar[bool] = True

    def score(self, case: Case, answer: Answer) -> Score:
        return compared(case, answer, self._holds, threshold=1)

    def _holds(self, given: str, expected: str) -> float:
        return float(self._plain(expected) in self._plain(given))

    def _plain(self, text: str) -> str:
        line = " ".join(text.split())
        return line.casefold() if self.ignore_case else line
