"""What a piece of code is, so that a changed function is run again and an equal one is not."""

import functools
import hashlib
import re
from collections.abc import Callable
from types import CodeType
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def identity_of(code: Callable[..., Any]) -> str:
    """16 hex digits that stay the same over processes and change with the function's own code.

    What the function calls, reads from outside or closes over is not seen.
    """
    return hashlib.sha256(_source(code).encode()).hexdigest()[:16]


def described(value: object) -> str:
    """`repr` without memory addresses."""
    return _ADDRESS.sub("", repr(value))


def name_of(code: Callable[..., Any]) -> str:
    """What people call this function."""
    if isinstance(code, functools.partial):
        return name_of(code.func)
    return getattr(code, "__name__", None) or type(code).__name__


def _source(code: Any) -> str:
    if isinstance(code, functools.partial):
        return f"{_source(code.func)}({described(code.args)}, {described(code.keywords)})"
    function = getattr(code, "__func__", code)
    if hasattr(function, "__code__"):
        return f"{_instructions(function.__code__)} {described(function.__defaults__)}"
    called = getattr(type(code).__call__, "__code__", None)
    inside = "" if called is None else _instructions(called)
    return f"{type(code).__module__}.{type(code).__qualname__} {described(code)} {inside}"


def _instructions(code: CodeType) -> str:
    constants = " ".join(_constant(value) for value in code.co_consts)
    return f"{code.co_code.hex()} {code.co_names} {constants}"


def _constant(value: object) -> str:
    if isinstance(value, CodeType):
        return _instructions(value)
    # The order of a set of texts differs from process to process.
    return str(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
