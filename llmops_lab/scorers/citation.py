"""The answer cites sources that it has."""

import re
from dataclasses import dataclass

from llmops_lab._cases.case import Case, as_text
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.scorers._score import context_of, scorers

_CITED = re.compile(r"\[([\w][\w .:/-]{0,80})\](?!\()")


@scorers.register("citation")
@dataclass(frozen=True)
class Citation:
    """The share of `[citations]` in the answer that name a source of the case, all to pass.

    Sources are the documents of the context by number, from 1, and the names in
    `metadata["sources"]`. An answer without a citation gets 0 where `required`.
    """

    required: bool = True
    name: str = "citation"

    def score(self, case: Case, answer: Answer) -> Score:
        numbers = {str(i) for i in range(1, len(context_of(case, answer)) + 1)}
        sources = numbers | {str(name) for name in case.metadata.get("sources", [])}
        if not sources:
            return Score(reason="the case has no sources")
        cited = _CITED.findall(as_text(answer.output))
        if not cited:
            return Score(0.0, False, "cites nothing") if self.required else Score(1.0, True)
        unknown = [name for name in cited if name not in sources]
        value = 1 - len(unknown) / len(cited)
        return Score(value, not unknown, f"no source {unknown[0]!r}" if unknown else None)
