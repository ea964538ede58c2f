"""What a scorer is, the registry of them, and the comparison that many of them share."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from llmops_lab._cases.case import Case, as_text
from llmops_lab._registry import Registry
from llmops_lab._runs.answer import Answer, Score


@runtime_checkable
class Scorer(Protocol):
    """Something that scores an answer to a case; `name` becomes a column of the results.

    Most are frozen dataclasses of their options, so that `repr` tells when one has changed.
    """

    @property
    def name(self) -> str: ...

    def score(self, case: Case, answer: Answer) -> Score | Awaitable[Score]: ...


def context_of(case: Case, answer: Answer) -> list[str]:
    """The documents an answer is held against: those the target retrieved, else the case's."""
    return answer.context or case.context


def needs_expected(scorer: Scorer) -> bool:
    """Whether a scorer compares with an expected answer, and says so by `needs_expected`."""
    return bool(getattr(scorer, "needs_expected", False))


def asks_a_model(scorer: Scorer) -> bool:
    """Whether a scorer asks a model, in its field `model`."""
    return getattr(scorer, "model", None) is not None


def undeclared_judges(scoring: Sequence[Scorer]) -> dict[str, str]:
    """The functions that seem to ask a model and do not say so, and the library they use."""
    clients = ((scorer.name, getattr(scorer, "undeclared_client", None)) for scorer in scoring)
    return {name: client for name, client in clients if client}


scorers: Registry[Any] = Registry("scorer", "llmops_lab.scorers")


def compared(
    case: Case, answer: Answer, likeness: Callable[[str, str], float], *, threshold: float
) -> Score:
    """The best likeness of the answer to any expected text, passed at `threshold` or above.

    A known-bad case is read the other way round: being like its expected text is bad.
    """
    texts = expected_texts(case)
    if not texts:
        return Score(reason="the case has no expected answer")
    given = as_text(answer.output)
    best = max(likeness(given, text) for text in texts)
    if case.label == "bad":
        return Score(1 - best, best < threshold)
    return Score(best, best >= threshold)


def expected_texts(case: Case) -> list[str]:
    """The texts of which one is enough; empty when the case expects nothing."""
    expected = case.expected
    if expected is None:
        return []
    if isinstance(expected, list) and all(isinstance(item, str) for item in expected):
        return [str(item) for item in expected]
    return [as_text(expected)]
