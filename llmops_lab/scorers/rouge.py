"""ROUGE-L: how much of the expected wording the answer keeps, in order."""

import re
from dataclasses import dataclass
from typing import ClassVar

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import compared, scorers

_WORD = re.compile(r"\w+")


@scorers.register("rouge")
@dataclass(frozen=True)
class Rouge:
    """F1 of the longest common subsequence of words, without stemming.

    Source: Lin 2004, "ROUGE: a package for automatic evaluation of summaries".
    """

    threshold: float = 0.5
    name: str = "rouge"
    needs_expected: ClassVar[bool] = True

    def score(self, case: Case, answer: Answer) -> Score:
        return compared(case, answer, rouge_l, threshold=self.threshold)


def rouge_l(given: str, expected: str) -> float:
    """ROUGE-L F1 of two texts, 0 to 1."""
    from rapidfuzz.distance import LCSseq

    first, second = (_WORD.findall(text.casefold()) for text in (given, expected))
    both = len(first) + len(second)
    return 2 * LCSseq.similarity(first, second) / both if both else 1.0
