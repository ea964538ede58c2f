"""A Python function as a target."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from llmops_lab._cases.case import Case, Json
from llmops_lab._runs.answer import Answer
from llmops_lab._runs.identity import identity_of, name_of
from llmops_lab.targets._target import targets


@targets.register("function")
@dataclass(frozen=True)
class FunctionTarget:
    """`function(input)`, sync or async, gives a text, any JSON, or an Answer that knows more.

    A sync function runs in a thread of its own.
    """

    function: Callable[[Json], Any]

    @property
    def name(self) -> str:
        return name_of(self.function)

    @property
    def identity(self) -> str:
        return identity_of(self.function)

    async def answer(self, case: Case, trial: int) -> Answer:
        called = self.function
        if inspect.iscoroutinefunction(called):
            output = await called(case.input)
        else:
            output = await asyncio.to_thread(called, case.input)
        if inspect.isawaitable(output):
            output = await output
        # Data classes and the like become JSON here; what cannot is an error of the result.
        return output if isinstance(output, Answer) else Answer(msgspec.to_builtins(output))
