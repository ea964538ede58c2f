"""The numbers of the expected answer stand in the answer, within a tolerance."""

import re
from dataclasses import dataclass, replace
from math import isclose
from typing import ClassVar

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import compared, expected_texts, scorers

_NUMBER = re.compile(r"(?<![\w.,])[-−]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-−]?\d{1,3}([.,])\d{3}(?:\1\d{3})*(?=[.,]|$)")


@scorers.register("numeric")
@dataclass(frozen=True)
class Numeric:
    """The share of the expected numbers that the answer holds, all of them to pass.

    Reads `1,234.5`, `1.234,5` and `4,95`; a single group of three digits after a comma or point
    is read both ways. `relative` is a share of the expected number, `absolute` a distance.
    """

    relative: float = 1e-6
    absolute: float = 0.0
    name: str = "numeric"
    needs_expected: ClassVar[bool] = True

    def score(self, case: Case, answer: Answer) -> Score:
        numbers = [text for text in expected_texts(case) if _NUMBER.search(text)]
        if not numbers:
            return Score(reason="the case expects no number")
        return compared(replace(case, expected=numbers), answer, self._held, threshold=1)

    def _held(self, given: str, expected: str) -> float:
        wanted = [_readings(text) for text in _NUMBER.findall(expected)]
        there = [value for text in _NUMBER.findall(given) for value in _readings(text)]
        return sum(self._is_in(there, readings) for readings in wanted) / len(wanted)

    def _is_in(self, there: list[float], readings: set[float]) -> bool:
        return any(
            isclose(value, wanted, rel_tol=self.relative, abs_tol=self.absolute)
            for wanted in readings
            for value in there
        )


def _readings(text: str) -> set[float]:
    """What a number may mean: its last point or comma as decimal mark, or as thousands."""
    text = text.replace("−", "-")
    marks = [mark for mark in text if mark in ".,"]
    digits = re.sub(r"[.,]", "", text)
    readings: set[float] = set()
    if not marks or _THOUSANDS.fullmatch(text):
        readings.add(float(digits))
    if marks and (marks.count(marks[-1]) == 1):
        head, _, tail = text.rpartition(marks[-1])
        readings.add(float(f"{re.sub(r'[.,]', '', head)}.{tail}"))
    return readings
