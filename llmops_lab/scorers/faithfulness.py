"""A model checks each sentence of an answer against its context."""

from dataclasses import dataclass
from typing import Any

from llmops_lab._cases.case import Case, as_text, shorten
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.errors import LabError
from llmops_lab.scorers import _judging as judging
from llmops_lab.scorers._score import context_of, scorers
from llmops_lab.scorers.groundedness import claims_of


@scorers.register("faithfulness")
@dataclass(frozen=True)
class Faithfulness:
    """The share of the answer's sentences that a model finds supported by the context.

    The sentences are cut and numbered here, so that the model can leave none out; questions
    and very short ones claim nothing. No score without a context or a claim. Where words are
    enough to tell, `groundedness` is free.
    """

    model: Any
    threshold: float = 0.8
    name: str = "faithfulness"

    def __repr__(self) -> str:
        return f"Faithfulness({judging.described_model(self.model)}, {self.threshold})"

    @property
    def prompt_hash(self) -> str:
        """Of all that is asked but the data."""
        return judging.hash_of(self.prompt([], []))

    async def score(self, case: Case, answer: Answer) -> Score:
        context = context_of(case, answer)
        if not context:
            return Score(reason="the case has no context")
        claims = claims_of(as_text(answer.output))
        if not claims:
            return Score(reason="the answer claims nothing")
        reply = await judging.asked(self.model, self.prompt(context, claims), case)
        loose = _numbers(as_text(reply.output), claims)
        value = 1 - len(loose) / len(claims)
        reason = f"not in the context: {shorten(claims[loose[0] - 1])}" if loose else None
        parts = {"n_claims": float(len(claims)), "n_unsupported": float(len(loose))}
        return Score(value, value >= self.threshold, reason, parts=parts)

    async def close(self) -> None:
        """End the connections of the judge's model."""
        await judging.close(self.model)

    def prompt(self, context: list[str], claims: list[str]) -> str:
        """What the judge is asked about the sentences of an answer."""
        numbered = {str(number): claim for number, claim in enumerate(claims, start=1)}
        data = {"context": context, "sentences": numbered}
        return (
            "You check sentences against a context. A sentence is supported when the context "
            "says it or it follows from the context alone, whatever else you know.\n\n"
            f"{judging.fenced(data)}"
            "Reply with one JSON object and nothing else, the numbers of the sentences that are "
            'not supported: {"reason": "<one sentence>", "unsupported": [<numbers>]}'
        )


def _numbers(said: str, claims: list[str]) -> list[int]:
    graded = "\n".join(claims)
    listed = judging.object_with(said, "unsupported", graded=graded)["unsupported"]
    numbers = [str(each) for each in listed] if isinstance(listed, list) else ["?"]
    if not all(each.isdigit() and 1 <= int(each) <= len(claims) for each in numbers):
        raise LabError(f"the judge listed sentences that are not there: {said[:100]!r}")
    return sorted({int(each) for each in numbers})
