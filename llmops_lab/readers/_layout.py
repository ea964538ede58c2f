"""Records as structs that know the file's own keys, at every depth a reader looks into.

Keys are learned as they come. What lies below `metadata` or `usage` is decoded straight into
columns, without an object per record.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import msgspec
from msgspec.structs import astuple

from llmops_lab.readers._attributes import Attributes, ByColumn, attribute_tree
from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._otel_values import KeyValue, numbered_heads
from llmops_lab.readers._rests import UNNAMEABLE
from llmops_lab.readers._tree import ColumnTree, Tree

# A struct that grew a field for every key of a file with a key per record would fill the memory.
_MOST = 400
_MOST_BELOW = 100
_MOST_CHANGES = 8  # below a path where keys keep coming, each new one would decode a piece again
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)


class Layout:
    """The keys of the objects at one place, and the struct that holds such an object.

    Keys of the paths `opened` have a layout of their own, until a value there is no object or keys
    are too many or too new: then the path is struck off. Other keys have the type `type_of` gives.
    """

    def __init__(
        self,
        type_of: Callable[[str], Any],
        opened: set[str],
        asked: Set[str] = frozenset(),
        path: str = "",
    ) -> None:
        self.names: dict[str, str] = {}
        self.below: dict[str, Layout] = {}
        self.is_full = False
        self._n_changes = 0
        self._type_of = type_of
        self._opened = opened
        self._asked = asked
        self._path = path
        self.build()

    def learn(self, objects: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the objects show anything new."""
        before = self._shape
        new = dict.fromkeys(key for each in objects for key in each if key not in self.names)
        if new:
            self._add(list(new))
        for key in self.names:
            if f"{self._path}{key}" in self._opened:
                self._look_into(key, [each[key] for each in objects if key in each])
        if self._shape != before:
            self.build()
        return self._shape != before

    def build(self) -> None:
        """Make the struct anew."""
        self.struct = msgspec.defstruct(
            "Object",
            [(name, self._type(key), None) for key, name in self.names.items()],
            rename={name: key for key, name in self.names.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self.empty = self.struct()

    @property
    def _is_wild(self) -> bool:
        many = self.is_full or self._n_changes > _MOST_CHANGES
        return many or bool(numbered_heads(self.names))

    @property
    def _shape(self) -> tuple[Any, ...]:
        below = ((key, inner._shape) for key, inner in self.below.items())
        return len(self.names), self.is_full, *below

    def _add(self, keys: list[str]) -> None:
        self._n_changes += 1
        asked = [key for key in keys if key in self._asked]
        others = [key for key in keys if key not in self._asked and not UNNAMEABLE.search(key)]
        room = max(0, (_MOST_BELOW if self._path else _MOST) - len(self.names))
        taken = [*asked, *others[:room]]
        self.is_full = len(taken) < len(keys)
        self.names = self.names | {key: f"f{n}" for n, key in enumerate(taken, len(self.names))}

    def _look_into(self, key: str, values: Sequence[Any]) -> None:
        path = f"{self._path}{key}"
        found = list(map(_members, values))
        inner = self.below.get(key) or Layout(lambda _: Any, self._opened, path=f"{path}.")
        objects = [each for each in found if each]
        if objects:
            inner.learn(objects)
            self.below[key] = inner
        if None in found or inner._is_wild:
            self._opened.discard(path)
            self.below.pop(key, None)

    def _type(self, key: str) -> Any:
        inner = self.below.get(key)
        return inner.struct | None if inner else self._type_of(key)

    def column(self, key: str) -> Any:
        """An empty column for the values of a key."""
        if key in self.below:
            return Objects(self.below[key])
        return Attributes() if self._type_of(key) == list[KeyValue] | None else []


def _members(value: Any) -> Mapping[str, msgspec.Raw] | None:
    """The members of an object; of null, none."""
    try:
        return _MEMBERS.decode(value) or {}
    except (msgspec.DecodeError, UnicodeError, RecursionError, TypeError):
        return None


def members_of(data: Any) -> Mapping[str, Any]:
    """The members of a record, their values as they are; none when it is no object."""
    if isinstance(data, Mapping):
        return data
    if not isinstance(data, (bytes, msgspec.Raw)):
        return {}
    found = _members(data)
    if found is not None:
        return found
    try:
        value = decode(data)
    except UnreadableError:
        return {}
    return value if isinstance(value, dict) else {}


class Objects(ByColumn):
    """Objects of one place held by column; one that is missing is an empty one."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.columns: dict[str, Any] = {}
        self._layout = layout

    def extend(self, structs: Sequence[Any]) -> None:
        """Take more of them, decoded as the layout is now; a key that comes late left gaps."""
        empty = self._layout.empty
        filled = (
            [empty if each is None else each for each in structs] if None in structs else structs
        )
        columns = zip(*map(astuple, filled), strict=True)
        for key, values in zip(self._layout.names, columns, strict=False):
            column = self.columns.get(key)
            if column is None:
                column = self._layout.column(key)
                column.extend([None] * self._n)
            elif isinstance(column, Objects) and key not in self._layout.below:
                column = list(column)
            column.extend(values)
            self.columns[key] = column
        self._n += len(structs)

    def _made(self) -> list[dict[str, Any] | None]:
        rows = zip(*self.columns.values(), strict=True)
        objects = (dict(zip(self.columns, row, strict=True)) for row in rows)
        told = [{k: v for k, v in each.items() if v is not None} or None for each in objects]
        return told or [None] * self._n


class ObjectTree(ColumnTree):
    """Objects held by column as a tree, with what surrounds each."""

    def __init__(
        self, columns: Mapping[str, Sequence[Any]], around: Sequence[Mapping[str, Any] | None]
    ) -> None:
        super().__init__(around)
        self._columns = columns
        self.keys |= set(columns)

    def values(self, key: str) -> Sequence[Any]:
        return self._columns[key] if key in self._columns else super().values(key)

    def branch(self, key: str) -> Tree:
        if key not in self._branches and (tree := _held_by_column(self.values(key))):
            self._branches[key] = tree
        return super().branch(key)

    def unread(self) -> dict[str, Sequence[Any]]:
        known = self._read | self._branches.keys()
        return {key: self.values(key) for key in self._columns if key not in known}


def _held_by_column(values: Sequence[Any]) -> Tree | None:
    if isinstance(values, Objects):
        return ObjectTree(values.columns, [{}] * len(values))
    return attribute_tree(values)
