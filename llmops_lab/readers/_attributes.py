"""Attribute lists of OTLP held by column, without an object per span.

Most spans of a file share a few sequences of keys. The spans of one sequence are a group: its
lists turned on their side give a column per key.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence, Set
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, overload

from llmops_lab.readers._otel_values import KeyValue, folded, numbered_heads, values_of
from llmops_lab.readers._tree import Tree

_FEW = 4  # spans of a sequence, on average, below which an object per span is as quick

_key = attrgetter("key")


class ByColumn(ABC, Sequence[Any]):
    """Objects held by column; they are made only when somebody asks for one."""

    def __init__(self) -> None:
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._objects[index]

    @cached_property
    def _objects(self) -> list[Any]:
        return self._made()

    @abstractmethod
    def _made(self) -> list[Any]:
        """The objects, in order."""


class Attributes(ByColumn):
    """A column of objects that grows by attribute lists; no list is an empty object.

    Of a key that one list has twice the last value counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[tuple[str, ...], _Group] = {}

    def extend(self, lists: Sequence[list[KeyValue] | None]) -> None:
        """Take the attributes of more spans."""
        members: dict[tuple[str, ...], list[int]] = {}
        for row, items in enumerate(lists):
            members.setdefault(tuple(map(_key, items or ())), []).append(row)
        for keys, rows in members.items():
            if keys not in self._groups:
                self._groups[keys] = _Group(keys)
            found = (lists[row] or [] for row in rows)
            self._groups[keys].extend([self._n + row for row in rows], found)
        self._n += len(lists)

    def _made(self) -> list[dict[str, Any]]:
        return self._in_order([group.unfolded(group.keys) for group in self._groups.values()])

    @property
    def are_alike(self) -> bool:
        """Whether groups are few enough to be worth it."""
        return len(self._groups) * _FEW <= max(self._n, _FEW)

    @property
    def names(self) -> set[str]:
        """Keys, and what numbered keys are under."""
        return set(chain.from_iterable(group.names for group in self._groups.values()))

    def values(self, name: str) -> list[Any]:
        """The value of a name in every object."""
        return self._in_order([group.values(name) for group in self._groups.values()])

    def objects(self, names: Set[str]) -> list[dict[str, Any]]:
        """What each object has under some of the names; gaps are left out."""
        return self._in_order([group.objects(names) for group in self._groups.values()])

    def _in_order(self, parts: Sequence[Sequence[Any]]) -> list[Any]:
        """Values of group after group as values of row after row."""
        if len(parts) == 1:
            return list(parts[0])
        return list(self._pick(list(chain.from_iterable(parts)))) if parts else []

    @cached_property
    def _pick(self) -> Callable[[list[Any]], Sequence[Any]]:
        places = [0] * self._n
        for place, row in enumerate(chain.from_iterable(g.rows for g in self._groups.values())):
            places[row] = place
        return itemgetter(*places)


class _Group:
    """Attribute lists that have the same keys in the same order."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.rows: list[int] = []
        self._columns: list[list[Any]] = [[] for _ in keys]
        self._by_key = dict(zip(keys, self._columns, strict=True))
        self._numbered = numbered_heads(self._by_key)
        self._folded: dict[str, list[Any]] = {}
        below = set(chain.from_iterable(self._numbered.values()))
        self.keys = list(self._by_key)
        self.names = list(
            dict.fromkeys([*(key for key in self.keys if key not in below), *self._numbered])
        )

    def extend(self, rows: Iterable[int], lists: Iterable[list[KeyValue]]) -> None:
        self.rows += rows
        for column, items in zip(self._columns, zip(*lists, strict=True), strict=True):
            column.extend(values_of(items))

    def values(self, name: str) -> Sequence[Any]:
        """The value of a name in every list; numbered keys are one list under their head."""
        if name not in self._numbered:
            return self._by_key.get(name) or [None] * len(self.rows)
        if name not in self._folded:
            objects = folded(self.unfolded(self._numbered[name]))
            self._folded[name] = [each[name] for each in objects if each]
        return self._folded[name]

    def unfolded(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Some of the keys of every list, as they are."""
        columns = (self._by_key[key] for key in keys)
        if not keys:
            return [{} for _ in self.rows]
        return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]

    def objects(self, names: Set[str]) -> list[dict[str, Any]]:
        """Some of the names of every list; gaps are left out."""
        here = [name for name in self.names if name in names]
        if not here:
            return [{} for _ in self.rows]
        return [
            {name: value for name, value in zip(here, row, strict=True) if value is not None}
            for row in zip(*map(self.values, here), strict=True)
        ]


class AttributeTree(Tree):
    """Attributes as a tree."""

    def __init__(self, attributes: Attributes) -> None:
        super().__init__(())
        self._attributes = attributes
        self.keys = attributes.names

    def values(self, key: str) -> list[Any]:
        return self._attributes.values(key)

    def __len__(self) -> int:
        return len(self._attributes)

    def gaps(self) -> Sequence[int]:
        return ()

    def objects(self, keys: Set[str]) -> list[dict[str, Any]]:
        return self._attributes.objects(keys)


def attribute_tree(values: Sequence[Any]) -> Tree | None:
    """The tree of attribute lists; None where any value is something else."""
    attributes = values if isinstance(values, Attributes) else _attributes(values)
    if attributes is None:
        return None
    return AttributeTree(attributes) if attributes.are_alike else Tree(folded(attributes))


def _attributes(values: Sequence[Any]) -> Attributes | None:
    lists = [value for value in values if value is not None]
    if set(map(type, lists)) != {list}:
        return None
    if not all(type(some[0]) is KeyValue for some in lists if some):
        return None
    attributes = Attributes()
    attributes.extend(values)
    return attributes
