"""A model compares the answer with another one, in both orders."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from llmops_lab._cases.case import Case, Json, as_text
from llmops_lab._rates import rate
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import LabError
from llmops_lab.scorers import _judging as judging
from llmops_lab.scorers._score import scorers

_POINTS = {"first": 1.0, "tie": 0.5, "second": 0.0}


@scorers.register("pairwise")
@dataclass(frozen=True)
class Pairwise:
    """1 when a model prefers the answer to another one in both orders, 0 the other way round.

    `against` holds the other answers: an EvalRun (its first trial), or texts by case id; without
    it, the case's expected answer. Each pair is shown twice, once in each order: a preference
    that turns with the order counts as a tie (0.5), for models favour a place, often the
    first. It passes unless the other answer is preferred. `position_consistency(run)` says how
    often both orders agreed; below 0.8 or so the judge reads places as much as answers.
    """

    model: Any
    against: EvalRun | Mapping[str, Json] | None = field(default=None, repr=False)
    rubric: str = "The better answer is correct, complete and helps the one who asks."
    name: str = "pairwise"

    def __repr__(self) -> str:
        others = sha256(repr(sorted(self._others.items())).encode()).hexdigest()[:16]
        who = judging.described_model(self.model)
        return f"Pairwise({who}, {others}, {self.rubric!r})"

    @property
    def prompt_hash(self) -> str:
        """Of all that is asked but the data: rubric and wording."""
        return judging.hash_of(self.prompt(Case(""), "", ""))

    @property
    def needs_expected(self) -> bool:
        return self.against is None

    async def score(self, case: Case, answer: Answer) -> Score:
        other = self._others.get(case.id) if self.against is not None else case.expected
        if other is None:
            return Score(reason="there is no other answer to this case")
        texts = as_text(answer.output), as_text(other)
        first, swapped = await asyncio.gather(
            self._points(case, *texts), self._points(case, *reversed(texts))
        )
        return _agreed(first, 1 - swapped)

    async def close(self) -> None:
        """End the connections of the judge's model."""
        await judging.close(self.model)

    def prompt(self, case: Case, first: str, second: str) -> str:
        """What the judge is asked about two answers."""
        data = {"question": case.text, "context": case.context, "first": first, "second": second}
        return (
            "You compare two answers of assistants to one question.\n"
            f"Rubric: {case.rubric or self.rubric}\n\n{judging.fenced(data)}"
            "Reply with one JSON object and nothing else: "
            '{"reason": "<one sentence>", "better": <"first", "second" or "tie">}'
        )

    async def _points(self, case: Case, first: str, second: str) -> float:
        """1 when the first answer is the better one, 0.5 for a tie."""
        reply = await judging.asked(self.model, self.prompt(case, first, second), case)
        better = judging.one_value(as_text(reply.output), "better", graded=f"{first}\n{second}")
        if better not in _POINTS:
            raise LabError(f"the judge said neither first, second nor tie: {better!r}")
        return _POINTS[better]

    @cached_property
    def _others(self) -> Mapping[str, Json]:
        if not isinstance(self.against, EvalRun):
            return self.against or {}
        return {r.case.id: r.answer.output for r in self.against.results if r.trial == 0}


def _agreed(shown_first: float, shown_second: float) -> Score:
    """One score of the answer's points in each order."""
    parts = {"shown_first": shown_first, "shown_second": shown_second}
    if shown_first == shown_second:
        says = {1.0: "better", 0.5: "as good", 0.0: "worse"}[shown_first]
        return Score(shown_first, shown_first > 0, f"{says} in both orders", parts=parts)
    value = (shown_first + shown_second) / 2
    if {shown_first, shown_second} == {0.0, 1.0}:
        return Score(0.5, True, "the order decided", parts=parts)
    return Score(value, value >= 0.5, "the orders differ", parts=parts)


def position_consistency(run: EvalRun, scorer: str = "pairwise") -> tuple[float, float, float]:
    """How often a pairwise judge said the same in both orders, with a 95 % interval (Wilson).

    Raises LabError for a run without pairs.
    """
    pairs = [
        score.parts
        for result in run.results
        for score in result.scores
        if score.name == scorer and "shown_second" in score.parts
    ]
    if not pairs:
        raise LabError(f"{scorer!r} compared no pairs in this run; score it with 'pairwise'")
    agreed = sum(pair["shown_first"] == pair["shown_second"] for pair in pairs)
    return rate(agreed, len(pairs))
