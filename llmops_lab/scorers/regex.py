"""The answer matches a pattern."""

import re
from dataclasses import dataclass

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import compared, scorers


@scorers.register("regex")
@dataclass(frozen=True)
class Regex:
    """1 when a pattern is found in the answer: `pattern`, or else the case's expected text.

    Flags stand in the pattern itself, as in `(?i)sorry`.
    """

    pattern: str | None = None
    name: str = "regex"

    @property
    def needs_expected(self) -> bool:
        return self.pattern is None

    def score(self, case: Case, answer: Answer) -> Score:
        if self.pattern is None:
            return compared(case, answer, _found, threshold=1)
        whole = Case(case.input, self.pattern, label=case.label)
        return compared(whole, answer, _found, threshold=1)


def _found(given: str, pattern: str) -> float:
    return float(re.search(pattern, given) is not None)
