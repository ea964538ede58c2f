"""A batch of records looked at by column: `column("usage.input")` is one list, a cell per record.

A path names keys joined by dots; a key that itself holds dots (`gen_ai.system`) is found too.
Text that holds a JSON object is opened on the way. What nobody asked for is left in `rest`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmops_lab.readers._json import object_in
from llmops_lab.readers._otel_values import Rows, all_keys, attributes_of, folded


class Tree:
    """Objects of one place in every record; None where a record has none."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.keys = all_keys(rows)
        self._read: set[str] = set()
        self._branches: dict[str, Tree] = {}

    def values(self, key: str) -> list[Any]:
        """The value of one key in every record."""
        return [row.get(key) if row else None for row in self._rows]

    def cells(self, key: str) -> Sequence[Any]:
        """The same, noted as read."""
        self._read.add(key)
        return self.values(key)

    def skip(self, keys: Iterable[str]) -> None:
        """Note keys as read: they only repeat what others say."""
        self._read.update(keys)

    def column(self, path: str) -> Sequence[Any] | None:
        """The values at a path, a cell per record; None when no record has it."""
        if path in self.keys:
            return self.cells(path)
        for head, tail in _splits(path):
            if head in self.keys:
                found = self.branch(head).column(tail)
                if found is not None:
                    return found
        return None

    def listed(self, path: str) -> list[Any]:
        """The values at a path as a list; empty when no record has it."""
        found = self.column(path)
        return [] if found is None else list(found)

    def branch(self, key: str) -> "Tree":
        """The objects under a key, opened where they are written as text."""
        if key not in self._branches:
            opened = [
                value if value is None or type(value) is dict else _opened(value)
                for value in self.values(key)
            ]
            self._branches[key] = Tree(folded(opened))
        return self._branches[key]

    def has(self, row: int) -> bool:
        """Whether a record has an object here."""
        return self._rows[row] is not None

    def rests(self) -> list[dict[str, Any] | None]:
        """What each record holds that no column asked for; gaps are left out."""
        untaken = self.keys - self._read - self._branches.keys()
        left: list[dict[str, Any] | None] = [None] * len(self._rows)
        if untaken:
            left = [
                {k: v for k, v in row.items() if k in untaken and v is not None} if row else None
                for row in self._rows
            ]
        return self._with_branches(left)

    def _with_branches(self, left: list[dict[str, Any] | None]) -> list[dict[str, Any] | None]:
        """The same with what is left below; a value that could not be opened stays whole."""
        for key, branch in self._branches.items():
            values = self.values(key) if key not in self._read else None
            for row, below in enumerate(branch.rests()):
                if not below:
                    if values is None or values[row] is None or branch.has(row):
                        continue
                    below = values[row]  # noqa: PLW2901
                here = left[row]
                if here is None:
                    left[row] = {key: below}
                else:
                    here[key] = below
        return left


def _opened(value: Any) -> Mapping[str, Any] | None:
    """The object that a value is, holds as text, or lists as OTLP's keys and values."""
    return attributes_of(value) if isinstance(value, list) else object_in(value)


def _splits(path: str) -> Iterable[tuple[str, str]]:
    """Every way to cut a path in two, the longest head first."""
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        yield ".".join(parts[:cut]), ".".join(parts[cut:])
