"""A batch of records looked at by column: `column("usage.input")` is one list, a cell per record.

A path names keys joined by dots; a key that itself holds dots (`gen_ai.system`) is found too.
Text that holds a JSON object is opened on the way. What nobody asked for is left in `rest`.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import msgspec

from llmops_lab.readers._json import object_in
from llmops_lab.readers._otel_values import Rows, all_keys, attributes_of, folded
from llmops_lab.readers._rests import Rests, rests_of, spliced, written


class Tree:
    """Objects of one place in every record; None where a record has none."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.keys = all_keys(rows)
        self._read: set[str] = set()
        self._branches: dict[str, Tree] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, key: str) -> Sequence[Any]:
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

    def gaps(self) -> Sequence[int]:
        """The positions of records that have no object here."""
        return [row for row, here in enumerate(self._rows) if here is None]

    def rests(self) -> Rests:
        """What each record holds that no column asked for, as JSON; gaps are left out."""
        untaken = self.keys - self._read - self._branches.keys()
        below = self.left_below()
        if not untaken and not below:
            return [None] * len(self)
        left = self.objects(untaken)
        for key, values in below.items():
            for here, value in zip(left, values, strict=True):
                if value is not None:
                    here[key] = value
        return list(map(written, left))

    def objects(self, keys: Set[str]) -> list[dict[str, Any]]:
        """What each record has under some of the keys; gaps are left out."""
        return [
            {key: value for key, value in row.items() if key in keys and value is not None}
            if row
            else {}
            for row in self._rows
        ]

    def left_below(self, *, without: str = "") -> dict[str, list[Any]]:
        """What is left in each branch as JSON; what could not be opened stays whole."""
        found: dict[str, list[Any]] = {}
        for key, branch in self._branches.items():
            if key == without:
                found[key] = self._unopened(key, [None] * len(self))
            else:
                left = [rest and msgspec.Raw(rest) for rest in branch.rests()]
                found[key] = self._unopened(key, left)
        return {key: left for key, left in found.items() if left.count(None) < len(left)}

    def _unopened(self, key: str, left: list[Any]) -> list[Any]:
        """With the values that the branch has no object for, unless they were asked for."""
        gaps = () if key in self._read else self._branches[key].gaps()
        values = self.values(key) if gaps else []
        for row in gaps:
            left[row] = values[row]
        return left


class ColumnTree(Tree):
    """A tree whose objects lie in columns already."""

    def unread(self) -> dict[str, Sequence[Any]]:
        """The columns that nobody asked for."""
        raise NotImplementedError

    def rests(self) -> Rests:
        return rests_of({**self.unread(), **self.left_below()}, len(self))

    def lifted_rests(self, key: str) -> Rests:
        """The same with the members of the objects under a key at the top; `key.name` is `name`."""
        inner = self.branch(key) if key in self.keys else Tree([None] * len(self))
        columns = {**self.unread(), **self.left_below(without=key)}
        top: dict[str, Sequence[Any]] = {}
        for name, values in columns.items():
            plain = name.removeprefix(f"{key}.")
            top[plain] = _first_of(values, top[plain]) if plain in top else values
        alike = not inner.keys.isdisjoint(top)
        return spliced(rests_of(top, len(self)), inner.rests(), alike=alike)


def _first_of(values: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [b if a is None else a for a, b in zip(values, others, strict=True)]


def _opened(value: Any) -> Mapping[str, Any] | None:
    """The object that a value is, holds as text, or lists as OTLP's keys and values."""
    return attributes_of(value) if isinstance(value, list) else object_in(value)


def _splits(path: str) -> Iterable[tuple[str, str]]:
    """Every way to cut a path in two, the longest head first."""
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        yield ".".join(parts[:cut]), ".".join(parts[cut:])
