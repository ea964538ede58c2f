"""The answer is in the language of the question."""

from dataclasses import dataclass

from llmops_lab._cases.case import Case, as_text
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._scan.language import language_of
from llmops_lab.scorers._score import scorers


@scorers.register("language")
@dataclass(frozen=True)
class Language:
    """1 when the answer is in `language` (ISO 639-1), or else in that of the case's input.

    No score where either text is too short to tell.
    """

    language: str | None = None
    name: str = "language"

    def score(self, case: Case, answer: Answer) -> Score:
        wanted = self.language or language_of(case.text)
        given = language_of(as_text(answer.output))
        if wanted is None or given is None:
            return Score(reason="too short to tell the language")
        return Score(float(given == wanted), given == wanted, f"{given}, wanted {wanted}")
