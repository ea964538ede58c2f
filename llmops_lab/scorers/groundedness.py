"""The answer says what its context says."""

import re
from dataclasses import dataclass

from llmops_lab._cases.case import Case, as_text, shorten
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import context_of, scorers

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\d)[^.!?\n]*)*[.!?]*")
_CITATION = re.compile(r"\[[^\]\n]{1,80}\]")
_FEWEST_WORDS = 3
_WORD = re.compile(r"\w+(?:[.,]\d+)*")


@scorers.register("groundedness")
@dataclass(frozen=True)
class Groundedness:
    """The share of the answer's sentences that its context supports, word by word.

    A sentence is supported when `share` of its longer words, and every number in it, stand in
    one document of the context; questions and sentences of fewer than three such words claim
    nothing. It sees wording, not meaning: a paraphrase or another language may fail, a
    contradiction in the same words may pass. No score without a context.
    """

    threshold: float = 0.8
    share: float = 0.5
    name: str = "groundedness"

    def score(self, case: Case, answer: Answer) -> Score:
        context = context_of(case, answer)
        if not context:
            return Score(reason="the case has no context")
        documents = [set(_words(text)) for text in context]
        claims = claims_of(as_text(answer.output))
        if not claims:
            return Score(reason="the answer claims nothing")
        loose = [claim for claim in claims if not self._is_supported(claim, documents)]
        value = 1 - len(loose) / len(claims)
        reason = f"not in the context: {shorten(loose[0])}" if loose else None
        return Score(value, value >= self.threshold, reason)

    def _is_supported(self, sentence: str, documents: list[set[str]]) -> bool:
        words = _claims(sentence)
        numbers = {word for word in words if word[0].isdigit()}
        return any(
            numbers <= there and sum(word in there for word in words) >= self.share * len(words)
            for there in documents
        )


def claims_of(text: str) -> list[str]:
    """The sentences of a text that claim something, without their citations."""
    said = _CITATION.sub(" ", text)
    return [sentence.strip() for sentence in _SENTENCE.findall(said) if _is_claim(sentence)]


def _is_claim(sentence: str) -> bool:
    return not sentence.endswith("?") and len(_claims(sentence)) >= _FEWEST_WORDS


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _claims(sentence: str) -> list[str]:
    """The words that carry content: longer than three letters, or numbers."""
    return [word for word in _words(sentence) if len(word) > 3 or word[0].isdigit()]
