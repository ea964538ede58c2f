"""A prompt file and the model that answers by it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from typing import Any

import msgspec

from llmops_lab._cases.case import Case, Json, as_text
from llmops_lab._prompts.prompt import Prompt, PromptVersion
from llmops_lab._runs.answer import Answer
from llmops_lab.errors import LabError
from llmops_lab.targets._target import Target, targets
from llmops_lab.targets.endpoint import Endpoint
from llmops_lab.targets.function import FunctionTarget

_INPUT = "input"


@targets.register("prompted")
@dataclass(frozen=True)
class Prompted:
    """A model that is sent a prompt, filled in for each case; runs record the prompt's version.

    `model` is a target or a function of chat messages; without one it is OpenAI's model that
    the prompt names, with its parameters. A variable takes its value from `variables`, from the
    case's metadata, for `context` from the case's documents, or from an input that is a mapping
    with that key, the last of these that has it. A prompt with `{{input}}` is sent as one user
    message, any other as system message and examples before the case's own input.
    """

    prompt: Prompt
    model: Any = None
    variables: Mapping[str, Json] = field(default_factory=dict[str, Json])
    _model: Target = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = self.model
        if given is None and self.prompt.model is None:
            raise LabError(f"{self.prompt.path} names no model; give one: Prompted(prompt, model)")
        if given is None:
            given = Endpoint(self.prompt.model or "", params=self.prompt.parameters)
        answering = given if hasattr(given, "answer") else FunctionTarget(given)
        object.__setattr__(self, "_model", answering)

    @property
    def prompt_version(self) -> PromptVersion:
        return self.prompt.reference

    @property
    def name(self) -> str:
        return f"{self.prompt.name} on {self._model.name}"

    @property
    def identity(self) -> str:
        """Of the prompt's content, the fixed variables and the model."""
        shapes = [self.prompt.blob_sha, dict(self.variables), self._model.identity]
        return hashlib.sha256(msgspec.json.encode(shapes, order="sorted")).hexdigest()[:16]

    async def answer(self, case: Case, trial: int) -> Answer:
        asked = replace(case, id=case.id, input=self.messages(case))
        given = self._model.answer(asked, trial)
        return await given if isawaitable(given) else given

    def messages(self, case: Case) -> list[Any]:
        """What the model is sent for a case."""
        known = {**self.variables, **_of(case)}
        values = {name: known[name] for name in self.prompt.variables if name in known}
        if _INPUT in self.prompt.variables:
            return [{"role": "user", "content": self.prompt.render(**values)}]
        said: list[Any] = [{"role": "user", "content": as_text(case.input)}]
        if isinstance(case.input, list) and all(isinstance(m, dict) for m in case.input):
            said = case.input
        return [*self.prompt.messages(**values), *said]

    async def close(self) -> None:
        """End the connections of the model."""
        if close := getattr(self._model, "close", None):
            await close()


def _of(case: Case) -> dict[str, Json]:
    """What a case knows of variables."""
    context: dict[str, Json] = {"context": "\n\n".join(case.context)} if case.context else {}
    named: dict[str, Json] = case.input if isinstance(case.input, dict) else {}
    return {**case.metadata, **context, _INPUT: as_text(case.input), **named}
