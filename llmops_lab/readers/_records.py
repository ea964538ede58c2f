"""Records decoded into structs that know the file's own keys: quick, and nothing is dropped.

Keys that a reader asks for are decoded, every other one is kept as its raw bytes. A key that no
earlier record had widens the struct; what the strict decoder refuses gets a lenient second try.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec

from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._tree import Tree

Rejection = tuple[int, str]

# A struct that grew a field for every key of a file with a key per record would fill the memory.
_MAX_LEARNED = 400
_FIRST_LOOK = 200  # most files show all their keys early
_MORE = "\x7fmore"
_UNNAMEABLE = re.compile(r'[\\"\x00-\x1f]')  # msgspec has no field of such a name
_EMPTY = (b"null", b'""', b"[]", b"{}")


@dataclass(frozen=True)
class Record:
    """One record of a file: where it stands, its bytes or object, and what its surroundings say."""

    line: int
    data: Any
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Decoded:
    """The records that could be decoded, and (line, reason) of each of the others."""

    records: Sequence[Record]
    structs: Sequence[msgspec.Struct]
    names: Mapping[str, str]
    raw_keys: frozenset[str]
    rejected: Sequence[Rejection]


class RecordDecoder:
    """Decodes records of one format; learns the keys of the file as they come."""

    def __init__(
        self, asked: Iterable[str], raw: Iterable[str], typed: Mapping[str, Any] | None = None
    ) -> None:
        self._typed = typed or {}
        self._asked = frozenset(asked)
        self._raw = frozenset(raw)
        self._learn(())

    def _learn(self, keys: Iterable[str]) -> None:
        known = getattr(self, "_names", {_MORE: "f0"})
        new = [key for key in dict.fromkeys(keys) if key not in known]
        asked = [key for key in new if key in self._asked]
        others = [k for k in new if k not in self._asked and not _UNNAMEABLE.search(k)]
        ordered = [*known, *asked, *others[: max(0, _MAX_LEARNED - len(known))]]
        self._is_full = len(ordered) < len(known) + len(new)
        self._names = {key: f"f{i}" for i, key in enumerate(ordered)}
        self._struct = msgspec.defstruct(
            "Record",
            [(self._names[key], self._type(key), None) for key in ordered],
            rename={name: key for key, name in self._names.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decoder = msgspec.json.Decoder(self._struct)

    def _type(self, key: str) -> Any:
        if key in self._typed:
            return self._typed[key] | None
        return Any if self._is_decoded(key) else msgspec.Raw

    def _is_decoded(self, key: str) -> bool:
        return key == _MORE or (key in self._asked and key not in self._raw)

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Structs of one class for all records, with the reasons of those set aside."""
        while True:
            structs: list[msgspec.Struct] = []
            kept: list[Record] = []
            rejected: list[Rejection] = []
            before = self._struct
            for position, record in enumerate(records):
                try:
                    structs.append(self._one(record.data))
                    kept.append(record)
                except _NewKeysError:
                    few = _FIRST_LOOK if not position else len(records)
                    self._learn_all(records[position : position + few])
                    break
                except UnreadableError as error:
                    rejected.append((record.line, str(error)))
            if self._struct is before:
                raw = frozenset(k for k in self._names if not self._is_decoded(k))
                return Decoded(kept, structs, self._names, raw, rejected)

    def _one(self, data: Any) -> msgspec.Struct:
        if isinstance(data, Mapping):
            return self._from_object(data)
        if not isinstance(data, (bytes, msgspec.Raw)):
            raise UnreadableError("not an object")
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            if _is_new_key(str(error)) and not self._is_full:
                raise _NewKeysError from None
            return self._leniently(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return self._leniently(data)

    def _leniently(self, data: bytes | msgspec.Raw) -> msgspec.Struct:
        value = decode(data)
        if not isinstance(value, dict):
            raise UnreadableError("not an object")
        return self._from_object(value)

    def _from_object(self, value: Mapping[str, Any]) -> msgspec.Struct:
        named = {self._names[key]: item for key, item in value.items() if key in self._names}
        if len(named) < len(value):
            if not self._is_full:
                raise _NewKeysError
            named["f0"] = {key: item for key, item in value.items() if key not in self._names}
        return self._struct(**named)

    def _learn_all(self, records: Iterable[Record]) -> None:
        keys: dict[str, None] = {}
        for record in records:
            keys.update(dict.fromkeys(keys_of(record.data)))
        self._learn(keys)


def _is_new_key(message: str) -> bool:
    """Whether the strict decoder met an unknown key of the record itself, not one further down."""
    return "unknown field" in message and " - at " not in message


class _NewKeysError(Exception):
    """A record has keys that the struct does not know yet."""


_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def keys_of(data: Any) -> Iterable[str]:
    """The keys of a record; none when it is no object."""
    if isinstance(data, Mapping):
        return list(data)
    if not isinstance(data, (bytes, msgspec.Raw)):
        return ()
    try:
        return _KEYS.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            value = decode(data)
        except UnreadableError:
            return ()
        return value if isinstance(value, dict) else ()


class RecordTree(Tree):
    """Decoded records as a tree, with what surrounds them (`trace.userId`) beside their keys."""

    def __init__(self, decoded: Decoded) -> None:
        super().__init__([record.context for record in decoded.records])
        self.lines = [record.line for record in decoded.records]
        self._surroundings = frozenset(self.keys)
        self._decoded = decoded
        self.keys |= set(decoded.names)

    def __len__(self) -> int:
        return len(self.lines)

    def values(self, key: str) -> list[Any]:
        name = self._decoded.names.get(key)
        if name is None:
            return super().values(key)
        return list(map(attrgetter(name), self._decoded.structs))

    def rests(self) -> list[dict[str, Any]]:
        left: list[dict[str, Any]] = [{} for _ in self.lines]
        unread = self._decoded.names.keys() - self._read - self._branches.keys()
        for key in [name for name in self._decoded.names if name in unread]:
            for row, value in enumerate(self.values(key)):
                if value is not None and not _is_empty(value):
                    left[row].update(value if key == _MORE else {key: value})
        return self._with_branches(left)

    def has(self, row: int) -> bool:
        return True


def _is_empty(value: Any) -> bool:
    if isinstance(value, msgspec.Raw):
        return len(memoryview(value)) <= 4 and bytes(value) in _EMPTY
    return value in ("", [], {})


def object_of(record: Record) -> Mapping[str, Any]:
    """The record's object. Raises UnreadableError when it is none."""
    value = decode(record.data) if isinstance(record.data, (bytes, msgspec.Raw)) else record.data
    if not isinstance(value, Mapping):
        raise UnreadableError("not an object")
    return value
