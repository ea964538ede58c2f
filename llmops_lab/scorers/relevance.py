"""A model grades whether the answer answers the question."""

from dataclasses import replace
from typing import Any

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer
from llmops_lab.scorers._score import scorers
from llmops_lab.scorers.judge import Judge

_RUBRIC = (
    "The answer addresses the question that was asked: it neither evades it, nor answers another "
    "one, nor adds what nobody asked for. Whether it is true does not matter here."
)


@scorers.register("relevance")
class Relevance(Judge):
    """A grade from 1 to 5 for how well the answer addresses the question, true or not.

    `model` and the rest as for a judge. The expected answer, the context and the case's own
    rubric are not shown.
    """

    def __init__(self, model: Any, *, name: str = "relevance", force_json: bool = False) -> None:
        super().__init__(model, _RUBRIC, grades=5, name=name, force_json=force_json)

    def prompt(self, case: Case, answer: Answer) -> str:
        """What the judge is asked about an answer."""
        return super().prompt(replace(case, expected=None, context=[], rubric=None), answer)
