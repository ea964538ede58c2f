"""What users call a target, as one."""

from collections.abc import Callable
from typing import Any

from llmops_lab.errors import LabError
from llmops_lab.targets._target import Target
from llmops_lab.targets.function import FunctionTarget
from llmops_lab.targets.langchain import LangChain
from llmops_lab.targets.llama_index import LlamaIndex
from llmops_lab.targets.program import Program

AnyTarget = Target | Callable[..., Any] | Any


def as_target(given: AnyTarget) -> Target:
    """A part of `targets` as it is; functions, runnables, query engines and programs as one.

    Raises LabError for anything else.
    """
    if isinstance(given, Target):
        return given
    if hasattr(given, "ainvoke"):
        return LangChain(given)
    if hasattr(given, "aquery"):
        return LlamaIndex(given)
    if isinstance(given, list | tuple) and all(isinstance(each, str) for each in given):
        return Program(given)
    if callable(given):
        return FunctionTarget(given)
    raise LabError(
        f"{type(given).__name__} is no target; give a function, a list of program arguments, a "
        "LangChain runnable, a LlamaIndex query engine, or a part of llmops_lab.targets"
    )
