"""Does a function ask a model? Told by the client libraries that it reaches."""

import functools
from collections.abc import Callable, Iterator
from inspect import getclosurevars, isfunction, ismethod, ismodule
from types import CodeType
from typing import Any

_OURS = "llmops_lab.targets"
_CLIENTS = frozenset(
    (
        *("anthropic", "cohere", "dspy", "groq", "huggingface_hub", "instructor"),
        *("langchain_anthropic", "langchain_core", "langchain_openai", "litellm", "llama_cpp"),
        *("llama_index", "mistralai", "ollama", "openai", "pydantic_ai", "together"),
        *("transformers", "vertexai", "vllm"),
    )
)
_DEPTH = 3


def client_of(function: Callable[..., Any], depth: int = _DEPTH) -> str | None:
    """The client library of models that a function uses, itself or by what it calls.

    Seen are names in its code, and the objects that it closes over or finds in its module; what
    is reached by more than three calls, over plain HTTP or through `getattr` is not.
    """
    code = _code(function)
    if code is None:
        return None
    if named := _CLIENTS & set(_names(code)):
        return min(named)
    for value in _reached(function):
        if known := _library(value):
            return known
        if depth and isfunction(value) and (found := client_of(value, depth - 1)):
            return found
    return None


def _code(function: Any) -> CodeType | None:
    return getattr(_plain(function), "__code__", None)


def _plain(function: Any) -> Any:
    """The function inside a partial, a method or an object that can be called."""
    if isinstance(function, functools.partial):
        return _plain(function.func)
    if ismethod(function):
        return function.__func__
    return function if isfunction(function) else type(function).__call__


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inside in code.co_consts:
        if isinstance(inside, CodeType):
            yield from _names(inside)


def _reached(function: Any) -> Iterator[Any]:
    """What a function closes over, finds in its module, or holds."""
    found = getclosurevars(_plain(function))
    yield from (*found.nonlocals.values(), *found.globals.values())
    if isinstance(function, functools.partial):
        yield from (*function.args, *function.keywords.values())
    held = function.__self__ if ismethod(function) else function
    yield from getattr(held, "__dict__", {}).values()


def _library(value: Any) -> str | None:
    module = value.__name__ if ismodule(value) else type(value).__module__
    if module.startswith(_OURS):
        return type(value).__name__
    return root if (root := module.partition(".")[0]) in _CLIENTS else None
