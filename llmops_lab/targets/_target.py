"""What a target is, and the registry of them."""

from collections.abc import Awaitable
from typing import Any, Protocol, runtime_checkable

from llmops_lab._cases.case import Case
from llmops_lab._registry import Registry
from llmops_lab._runs.answer import Answer


@runtime_checkable
class Target(Protocol):
    """Something that answers cases.

    `name` is shown and kept with the results; `identity` changes when its answers may.
    """

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    def answer(self, case: Case, trial: int) -> Answer | Awaitable[Answer]:
        """The answer to a case; `trial` counts from 0."""
        ...


targets: Registry[Any] = Registry("target", "llmops_lab.targets")
