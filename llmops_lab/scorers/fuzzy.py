"""The answer is nearly the expected one, letter for letter."""

from dataclasses import dataclass
from typing import ClassVar

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import compared, scorers


@scorers.register("fuzzy")
@dataclass(frozen=True)
class Fuzzy:
    """1 less the share of letters to insert or delete (rapidfuzz's ratio), without case.

    Above 0.9 the texts differ by typing errors, below 0.6 by content.
    """

    threshold: float = 0.8
    name: str = "fuzzy"
    needs_expected: ClassVar[bool] = True

    def score(self, case: Case, answer: Answer) -> Score:
        return compared(case, answer, _ratio, threshold=self.threshold)


def _ratio(given: str, expected: str) -> float:
    from rapidfuzz.fuzz import ratio

    return ratio(" ".join(given.split()).casefold(), " ".join(expected.split()).casefold()) / 100
