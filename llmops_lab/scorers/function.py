"""A Python function as a scorer."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.identity import identity_of, name_of
from llmops_lab.errors import LabError
from llmops_lab.scorers._score import scorers


@scorers.register("function")
@dataclass(frozen=True)
class FunctionScorer:
    """`function(case, answer)`, sync or async, gives a Score, a bool or a number from 0 to 1."""

    function: Callable[[Case, Answer], Any]
    threshold: float = 0.5

    @property
    def name(self) -> str:
        return name_of(self.function)

    def __repr__(self) -> str:
        return f"FunctionScorer({self.name}, {identity_of(self.function)}, {self.threshold})"

    async def score(self, case: Case, answer: Answer) -> Score:
        # A plain function may take its time: it must not hold up the calls in flight.
        called = self.function
        if inspect.iscoroutinefunction(called):
            value = await called(case, answer)
        else:
            value = await asyncio.to_thread(called, case, answer)
        return self._read(value)

    def _read(self, value: Any) -> Score:
        if isinstance(value, Score):
            return value
        if value is None:
            return Score(reason="nothing to score")
        if isinstance(value, bool):
            return Score(float(value), value)
        try:
            return Score(float(value), float(value) >= self.threshold)
        except (TypeError, ValueError):
            raise LabError(
                f"{self.name} gave {type(value).__name__}; return a Score, a bool or a number"
            ) from None
