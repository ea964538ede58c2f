"""A LangChain runnable as a target: chain, agent, model."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from llmops_lab._cases.case import Case, Json
from llmops_lab._runs.answer import Answer
from llmops_lab._runs.identity import described
from llmops_lab.targets._target import targets

_ANSWERS = ("answer", "output", "result", "text")
_DOCUMENTS = ("context", "source_documents")


@targets.register("langchain")
@dataclass(frozen=True)
class LangChain:
    """`runnable.ainvoke(input)`; text, message or a dictionary with an answer comes back.

    Chat messages are handed over as (role, content) pairs, a text or an object as it is; with
    `key` a text becomes {key: text}. Tokens, model and finish reason are read off a message,
    retrieved documents off "context" or "source_documents". `evaluate` takes a runnable itself.
    """

    runnable: Any
    key: str | None = None

    @property
    def name(self) -> str:
        return getattr(self.runnable, "name", None) or type(self.runnable).__name__

    @property
    def identity(self) -> str:
        """Of all that the runnable shows of itself; the code of its functions is not seen."""
        shown = f"{described(self.runnable)} {self.key}"
        return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()[:16]

    async def answer(self, case: Case, trial: int) -> Answer:
        return _answer(await self.runnable.ainvoke(self._input(case.input)))

    def _input(self, said: Json) -> Any:
        if isinstance(said, list) and all(isinstance(m, dict) and "role" in m for m in said):
            said = [(message["role"], message["content"]) for message in said]
        return said if self.key is None else {self.key: said}


def _answer(given: Any) -> Answer:
    if isinstance(given, dict):
        return _of_dictionary(given)
    if isinstance(given, str):  # LangChain has a kind of its own
        return Answer(str(given))
    if not hasattr(given, "content"):
        return Answer(msgspec.to_builtins(given))
    usage = getattr(given, "usage_metadata", None) or {}
    told = getattr(given, "response_metadata", None) or {}
    return Answer(
        output=str(given.content) if isinstance(given.content, str) else given.content,
        finish_reason=told.get("finish_reason"),
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
        model=told.get("model_name") or told.get("model"),
    )


def _of_dictionary(given: dict[str, Any]) -> Answer:
    """The last message of an agent, or what stands under a usual name; else the whole."""
    if messages := given.get("messages"):
        return _answer(messages[-1])
    found = next((given[name] for name in _ANSWERS if name in given), None)
    if found is None:
        return Answer(msgspec.to_builtins(given))
    documents = next((given[n] for n in _DOCUMENTS if isinstance(given.get(n), list)), [])
    texts = [getattr(each, "page_content", each) for each in documents]
    return replace(_answer(found), context=[text for text in texts if isinstance(text, str)])
