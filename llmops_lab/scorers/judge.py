"""A model as judge: does the answer fulfil a rubric?"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llmops_lab._cases.case import Case, as_text
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.errors import LabError
from llmops_lab.scorers import _judging as judging
from llmops_lab.scorers._score import context_of, scorers

_LIKELIEST = 20


@scorers.register("judge")
@dataclass(frozen=True)
class Judge:
    """A model's verdict on the answer: pass or fail, or a grade from 1 to `grades`.

    `model` is a target, such as an Endpoint, or a function of the prompt. The rubric is the
    case's own, else `rubric`. With `probability` the value is how likely the model was to say
    pass rather than fail, read off the log-probabilities of its first token; a server that
    gives none leaves the bare word. `force_json` has the server hold the reply to a schema.
    The answer reaches the judge as a JSON text, told apart as data, which makes injected
    instructions weaker but not harmless: calibrate a judge before a gate may stand on it. A
    verdict that cannot be read, or two different ones, is an error of the scorer.
    """

    model: Any
    rubric: str = "The answer is correct, complete and does not contradict the expected answer."
    grades: int | None = None
    name: str = "judge"
    probability: bool = False
    force_json: bool = False

    def __post_init__(self) -> None:
        if self.grades is not None and (self.grades < 2 or self.probability):
            raise LabError("grades run from 1 to 2 or more, and a probability is of pass or fail")

    def __repr__(self) -> str:
        who = judging.described_model(self._model)
        options = f"{self.rubric!r}, {self.grades}, {self.probability}, prompt {self.prompt_hash}"
        return f"Judge({who}, {options})"

    @property
    def prompt_hash(self) -> str:
        """Of all that is asked but the data: rubric, wording and scale."""
        return judging.hash_of(self.prompt(Case(""), Answer("")))

    async def score(self, case: Case, answer: Answer) -> Score:
        reply = await judging.asked(self._model, self.prompt(case, answer), case)
        if self.probability:
            return _probable(reply)
        return self._read(as_text(reply.output), as_text(answer.output))

    async def close(self) -> None:
        """End the connections of the judge's model."""
        await judging.close(self._model)

    def prompt(self, case: Case, answer: Answer) -> str:
        """What the judge is asked about an answer."""
        data: Mapping[str, Any] = {
            "question": case.text,
            "expected": None if case.expected is None else as_text(case.expected),
            "context": context_of(case, answer),
            "answer": as_text(answer.output),
        }
        return (
            "You grade the answer of an assistant by a rubric.\n"
            f"Rubric: {case.rubric or self.rubric}\n\n{judging.fenced(data)}{self._wanted()}"
        )

    def _wanted(self) -> str:
        if self.probability:
            return "Reply with one word and nothing else: pass or fail."
        scale = (
            '"pass" or "fail"'
            if self.grades is None
            else f"a grade from 1 (worst) to {self.grades} (best)"
        )
        return (
            "Reply with one JSON object and nothing else: "
            f'{{"reason": "<one sentence>", "verdict": <{scale}>}}'
        )

    @cached_property
    def _model(self) -> Any:
        if self.probability:
            if callable(self.model):
                return self.model
            wanted = {"logprobs": True, "top_logprobs": _LIKELIEST, "max_tokens": 4}
            return judging.with_params(self.model, wanted, why="a probability")
        if not self.force_json:
            return self.model
        verdict = {"enum": ["pass", "fail"] if self.grades is None else _range(self.grades)}
        form = {
            "type": "object",
            "properties": {"reason": {"type": "string", "maxLength": 200}, "verdict": verdict},
            "required": ["reason", "verdict"],
            "additionalProperties": False,
        }
        schema = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": form}}
        return judging.with_params(self.model, {"response_format": schema}, why="a forced form")

    def _read(self, said: str, graded: str) -> Score:
        verdict = judging.one_value(said, "verdict", graded=graded)
        why = judging.reason_in(said)
        if self.grades is None:
            if verdict not in {"pass", "fail"}:
                raise LabError(f"the judge's verdict is neither pass nor fail: {verdict!r}")
            return Score(float(verdict == "pass"), verdict == "pass", why)
        grade = int(verdict) if verdict.isdigit() else 0
        if not 1 <= grade <= self.grades:
            raise LabError(f"the judge's grade is not from 1 to {self.grades}: {verdict!r}")
        value = (grade - 1) / (self.grades - 1)
        return Score(value, value >= 0.5, why)


def _range(grades: int) -> list[int]:
    return [*range(1, grades + 1)]


def _probable(reply: Answer) -> Score:
    """How likely pass was, of what the first token could be; else the word itself."""
    likely = {word: _likelihood(word, reply.first_token) for word in ("pass", "fail")}
    if both := sum(likely.values()):
        value = likely["pass"] / both
        return Score(value, value >= 0.5, parts=likely)
    word = as_text(reply.output).strip(" \n\t.\"'*`").lower()
    if word not in likely:
        raise LabError(f"the judge's word is neither pass nor fail: {word[:100]!r}")
    return Score(float(word == "pass"), word == "pass", "the server gave no log-probabilities")


def _likelihood(word: str, tokens: Mapping[str, float]) -> float:
    plain = [(token.strip(" \n\"'*").lower(), p) for token, p in tokens.items()]
    return sum(p for token, p in plain if token and (word.startswith(token) or token == word))
