"""Errors a user can act on: each message names the way out."""

from collections.abc import Iterable
from difflib import get_close_matches


class LabError(Exception):
    """Base of every error that llmops_lab raises on purpose."""


class UnknownPartError(LabError):
    """A part was asked for by a name that nothing is registered under."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        there = sorted(known)
        near = _did_you_mean([name], there)
        super().__init__(f"no {kind} called {name!r}{near}; there are: {', '.join(there)}")


class MissingExtraError(LabError):
    """An optional dependency is needed and is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'llmops-lab[{extra}]'")


class FormatError(LabError):
    """A source cannot be read as any known trace format, or as more than one."""


class TruncationWarning(UserWarning):
    """An export holds exactly as many records as its tool gives at most: it may be cut."""


class RedactionWarning(UserWarning):
    """What was written differs from what is in memory: personal data and secrets are masked."""


class ColumnError(LabError):
    """A table lacks a column that the call needs."""

    def __init__(self, missing: Iterable[str], there: Iterable[str]) -> None:
        names, columns = sorted(missing), list(there)
        near = _did_you_mean(names, columns)
        super().__init__(f"no column {', '.join(names)}{near}; there are: {', '.join(columns)}")


def _did_you_mean(names: Iterable[str], known: Iterable[str]) -> str:
    there = list(known)
    near = [match for name in names for match in get_close_matches(name, there, n=1)]
    return f" (did you mean {', '.join(near)}?)" if near else ""
