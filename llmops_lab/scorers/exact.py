"""The answer is the expected one."""

from dataclasses import dataclass
from typing import ClassVar

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import compared, scorers


@scorers.register("exact")
@dataclass(frozen=True)
class Exact:
    """1 when the answer is an expected one, apart from space at the ends and, if asked, case."""

    ignore_case: bool = False
    name: str = "exact"
    needs_expected: ClassVar[bool] = True

    def score(self, case: Case, answer: Answer) -> Score:
        return compared(case, answer, self._same, threshold=1)

    def _same(self, given: str, expected: str) -> float:
        given, expected = given.strip(), expected.strip()
        if self.ignore_case:
            given, expected = given.casefold(), expected.casefold()
        return float(given == expected)
