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
from llmops_lab.scorers._clients import client_of
from llmops_lab.scorers._judging import described_model
from llmops_lab.scorers._score import scorers


@scorers.register("function")
@dataclass(frozen=True)
class FunctionScorer:
    """`function(case, answer)`, sync or async, gives a Score, a bool or a number from 0 to 1.

    With a `model` (its name, or the target that is asked) it is a judge, see `asks_model`.
    """

    function: Callable[[Case, Answer], Any]
    threshold: float = 0.5
    model: Any = None
    rubric: str | None = None

    def __call__(self, case: Case, answer: Answer) -> Any:
        """What the function itself gives."""
        return self.function(case, answer)

    @property
    def name(self) -> str:
        return name_of(self.function)

    def __repr__(self) -> str:
        asked = "" if self.model is None else f", {described_model(self.model)}, {self.rubric!r}"
        code = f"{self.name}, {identity_of(self.function)}"
        return f"FunctionScorer({code}, {self.threshold}{asked})"

    @property
    def undeclared_client(self) -> str | None:
        """The library of models that the function uses although it names no model."""
        return client_of(self.function) if self.model is None else None

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


def asks_model(
    model: Any, *, rubric: str | None = None, threshold: float = 0.5
) -> Callable[[Callable[[Case, Answer], Any]], FunctionScorer]:
    """Decorate a scorer function that asks a model: `@asks_model("gpt-4.1-mini", rubric="…")`.

    It is then a judge like any other, and gates only when `calibrate` held it against people.
    `model` is its name or the target that the function asks, `rubric` what people label by; a
    change to either, or to the function's own code, is another judge.
    """

    def judge(function: Callable[[Case, Answer], Any]) -> FunctionScorer:
        return FunctionScorer(function, threshold, model, rubric)

    return judge
