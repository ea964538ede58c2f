"""Records decoded into structs that know the file's own keys: quick, and nothing is dropped.

Keys that a reader asks for are decoded, every other one is kept as its raw bytes. A key that no
earlier record had widens the struct; what the strict decoder refuses gets a lenient second try.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any

import msgspec

from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._rests import UNNAMEABLE, Rests, spliced, told_values, written
from llmops_lab.readers._tree import ColumnTree

Rejection = tuple[int, str]

# A struct that grew a field for every key of a file with a key per record would fill the memory.
_MAX_LEARNED = 400
_FIRST_LOOK = 200  # most files show all their keys early
_MOST_TRIES = 8
_NEW_KEY_BELOW = re.compile(r"unknown field .* - at `\$\[(\d+)\]\S*\[\d+\]`$", re.DOTALL)
_NEW_KEY = re.compile(r"unknown field .* - at `\$\[(\d+)\]`$", re.DOTALL)
_MORE = "\x7fmore"


@dataclass(frozen=True)
class Record:
    """One record of a file: where it stands, its bytes or object, and what its surroundings say."""

    line: int
    data: Any
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Lines:
    """Whole lines of JSON text, and the number of the first in its file."""

    data: bytes
    first: int = 1

    def records(self) -> list[Record]:
        """A record per line; blank lines are none."""
        lines = self.data.split(b"\n")
        stripped = ((n, line.strip()) for n, line in enumerate(lines, self.first))
        return [Record(n, line) for n, line in stripped if line]

    def start(self, n: int, skip: int = 0) -> "Lines":
        """`n` lines at most, after the first `skip`."""
        place = 0
        for _ in range(skip):
            place = self.data.find(b"\n", place) + 1
        end = place
        for _ in range(n):
            end = self.data.find(b"\n", end) + 1 or len(self.data)
        return Lines(self.data[place:end], self.first + skip)

    def __len__(self) -> int:
        return self._n

    @cached_property
    def _n(self) -> int:
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))


Batch = Lines | Sequence[Record]


def records_of(batch: Batch) -> Sequence[Record]:
    """The records of a batch, one by one."""
    return batch.records() if isinstance(batch, Lines) else batch


@dataclass(frozen=True)
class Nesting:
    """How span records lie in the document of a line, for a decoder that reads both at once.

    `document` gives the type of a line from that of a span, `spans` what surrounds a document's
    spans and the spans, `serves` whether a block needs no closer look.
    """

    document: Callable[[type[msgspec.Struct]], Any]
    spans: Callable[[Any], Iterable[tuple[Mapping[str, Any], Sequence[msgspec.Struct]]]]
    serves: Callable[[bytes], bool]


@dataclass(frozen=True)
class Decoded:
    """Lines, contexts and values of what could be decoded, (line, reason) of each of the others."""

    lines: Sequence[int]
    contexts: Sequence[Mapping[str, Any]]
    structs: Sequence[msgspec.Struct]
    names: Mapping[str, str]
    rejected: Sequence[Rejection]


class RecordDecoder:
    """Decodes records of one format; learns the keys of the file as they come.

    `raw` keys keep their bytes; where a file's first records allow it they are decoded at once
    as the commonest `shapes` instead.
    """

    def __init__(
        self,
        asked: Iterable[str],
        raw: Iterable[str],
        typed: Mapping[str, Any] | None = None,
        shapes: Mapping[str, Any] | None = None,
    ) -> None:
        self._asked = frozenset(asked)
        self._raw = frozenset(raw)
        self._typed = dict(typed or {})
        self._shapes = dict(shapes or {})
        self._names = {_MORE: "f0"}
        self._learn(())

    def _learn(self, keys: Iterable[str]) -> None:
        known = self._names
        new = [key for key in dict.fromkeys(keys) if key not in known]
        asked = [key for key in new if key in self._asked]
        others = [k for k in new if k not in self._asked and not UNNAMEABLE.search(k)]
        ordered = [*known, *asked, *others[: max(0, _MAX_LEARNED - len(known))]]
        self._is_full = len(ordered) < len(known) + len(new)
        self._names = {key: f"f{i}" for i, key in enumerate(ordered)}
        self._build()

    def _build(self) -> None:
        self._struct = msgspec.defstruct(
            "Record",
            [(name, self._type(key), None) for key, name in self._names.items()],
            rename={name: key for key, name in self._names.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decoder = msgspec.json.Decoder(self._struct)

    def _type(self, key: str) -> Any:
        known = self._shapes.get(key) or self._typed.get(key)
        if known is not None:
            return known | None
        is_decoded = key == _MORE or (key in self._asked and key not in self._raw)
        return Any if is_decoded else msgspec.Raw

    def decode(self, batch: Batch) -> Decoded:
        """Structs of one class for all records, with the reasons of those set aside."""
        if isinstance(batch, Lines):
            return self._at_once(batch) or self._one_by_one(batch.records())
        return self._one_by_one(batch)

    def _at_once(self, lines: Lines) -> Decoded | None:
        """All lines in one call; None when there is anything amiss with any of them."""
        n = len(lines)
        for _ in range(_MOST_TRIES):
            try:
                structs = self._decoder.decode_lines(lines.data)
            except msgspec.ValidationError as error:
                if not self._widened(lines, str(error)):
                    return None
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                return None
            else:
                numbers = range(lines.first, lines.first + n)
                none: list[Mapping[str, Any]] = [{}] * n
                return (
                    Decoded(numbers, none, structs, self._names, ()) if len(structs) == n else None
                )
        return None

    def decode_nested(
        self, lines: Lines, nesting: Nesting, explode: Callable[[Record], Sequence[Record]]
    ) -> Decoded | None:
        """The spans in the documents of all lines; None when there is anything amiss."""
        for _ in range(_MOST_TRIES):
            decoder = msgspec.json.Decoder(nesting.document(self._struct))
            try:
                documents = decoder.decode_lines(lines.data)
            except msgspec.ValidationError as error:
                place = _NEW_KEY_BELOW.search(str(error))
                before = len(self._names)
                if place:
                    some = lines.start(_FIRST_LOOK, int(place[1])).records()
                    self._learn_all(span for record in some for span in explode(record))
                if len(self._names) == before:
                    return None
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                return None
            else:
                return self._gathered(documents, lines, nesting)
        return None

    def _gathered(self, documents: Sequence[Any], lines: Lines, nesting: Nesting) -> Decoded | None:
        numbers: list[int] = []
        contexts: list[Mapping[str, Any]] = []
        structs: list[msgspec.Struct] = []
        for number, document in enumerate(documents, lines.first):
            before = len(structs)
            for context, spans in nesting.spans(document):
                structs += spans
                contexts += [context] * len(spans)
            found = len(structs) - before
            if not found:
                return None
            numbers += [number] * found
        whole = len(documents) == len(lines)
        return Decoded(numbers, contexts, structs, self._names, ()) if whole else None

    def _widened(self, lines: Lines, message: str) -> bool:
        """Whether another try is worth it: with new keys, or without the quick shapes."""
        place = _NEW_KEY.search(message)
        if place:
            before = len(self._names)
            self._learn_all(lines.start(_FIRST_LOOK, int(place[1])).records())
            return len(self._names) > before
        return self._without_shapes()

    def _without_shapes(self) -> bool:
        if not self._shapes:
            return False
        self._shapes = {}
        self._build()
        return True

    def _one_by_one(self, records: Sequence[Record]) -> Decoded:
        self._without_shapes()
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
                numbers = [record.line for record in kept]
                contexts = [record.context for record in kept]
                return Decoded(numbers, contexts, structs, self._names, rejected)

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


class RecordTree(ColumnTree):
    """Decoded records as a tree, with what surrounds them (`trace.userId`) beside their keys."""

    def __init__(self, decoded: Decoded) -> None:
        super().__init__(decoded.contexts)
        self.lines = list(decoded.lines)
        self._decoded = decoded
        self.keys |= set(decoded.names)

    def __len__(self) -> int:
        return len(self.lines)

    def values(self, key: str) -> list[Any]:
        name = self._decoded.names.get(key)
        if name is None:
            return super().values(key)
        return list(map(attrgetter(name), self._decoded.structs))

    def unread(self) -> dict[str, Sequence[Any]]:
        return {
            key: told_values(self.values(key))
            for key in self._decoded.names
            if key != _MORE and key not in self._read and key not in self._branches
        }

    def lifted_rests(self, key: str) -> Rests:
        left = super().lifted_rests(key)
        more = [
            row and written({name.removeprefix(f"{key}."): value for name, value in row.items()})
            for row in self.values(_MORE)
        ]
        return spliced(left, more, alike=False) if any(more) else left


def object_of(record: Record) -> Mapping[str, Any]:
    """The record's object. Raises UnreadableError when it is none."""
    value = decode(record.data) if isinstance(record.data, (bytes, msgspec.Raw)) else record.data
    if not isinstance(value, Mapping):
        raise UnreadableError("not an object")
    return value
