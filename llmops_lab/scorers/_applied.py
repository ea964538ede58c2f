"""Scorers as users name them, and one of them at work: what goes wrong is a score too."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from inspect import isawaitable
from typing import Any

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.frame import check_names
from llmops_lab._runs.secrets import error_text
from llmops_lab.scorers._score import Scorer, scorers
from llmops_lab.scorers.function import FunctionScorer

AnyScorer = str | Scorer | Callable[..., Any]


def as_scorers(named: Sequence[AnyScorer]) -> list[Scorer]:
    """The scorers behind names, parts and functions; raises LabError when two share a name."""
    found = [_as_scorer(scorer) for scorer in named]
    check_names([scorer.name for scorer in found])
    return found


def _as_scorer(scorer: AnyScorer) -> Scorer:
    if isinstance(scorer, str):
        return scorers[scorer]()
    return scorer if isinstance(scorer, Scorer) else FunctionScorer(scorer)


async def applied(scorer: Scorer, case: Case, answer: Answer) -> Score:
    """The scorer's score under its name; an exception becomes the score's `error`."""
    try:
        given = scorer.score(case, answer)
        score = await given if isawaitable(given) else given
    except Exception as error:
        score = Score(error=error_text(error))
    return replace(score, name=scorer.name)
