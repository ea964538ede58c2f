"""Records decoded into structs that know the file's own keys: quick, and nothing is dropped.

Keys that a reader asks for are decoded, every other one is kept as its raw bytes. A key that no
earlier record had widens the struct; what the strict decoder refuses gets a lenient second try.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any

import msgspec

from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._layout import Layout, Objects, ObjectTree, members_of
from llmops_lab.readers._nesting import Gathered, Nesting
from llmops_lab.readers._rests import Rests, spliced, told_values, written

Rejection = tuple[int, str]

_FIRST_LOOK = 200  # most files show all their keys early
_MOST_TRIES = 8
_PIECE = 1 << 18  # is decoded and turned into columns while it lies in the cache of the processor
_PLACE = re.compile(r"at `\$\[(\d+)\]")
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

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Whole lines of some `size` bytes together."""
        start, end = 0, len(self.data)
        while start < end:
            after = self.data.rfind(b"\n", start, start + size) + 1
            after = after or self.data.find(b"\n", start + size) + 1 or end
            yield memoryview(self.data)[start:after]
            start = after

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
class Decoded:
    """Lines, contexts and columns of what could be decoded, (line, reason) of each of the others."""

    lines: Sequence[int]
    contexts: Sequence[Mapping[str, Any]]
    columns: Mapping[str, Sequence[Any]]
    rejected: Sequence[Rejection] = ()


class _Fields(Mapping[str, list[Any]]):
    """Structs looked at by column: the values of a key, taken when they are asked for."""

    def __init__(self, structs: Sequence[msgspec.Struct], names: Mapping[str, str]) -> None:
        self._structs = structs
        self._names = names

    def __getitem__(self, key: str) -> list[Any]:
        return list(map(attrgetter(self._names[key]), self._structs))

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class RecordDecoder:
    """Decodes records of one format; learns the keys of the file as they come.

    `raw` keys keep their bytes; where a file's first records allow it they are decoded at once
    as the commonest `shapes` instead, and what lies below the `opened` paths as columns.
    """

    def __init__(
        self,
        asked: Iterable[str],
        raw: Iterable[str],
        typed: Mapping[str, Any] | None = None,
        shapes: Mapping[str, Any] | None = None,
        opened: Iterable[str] = (),
    ) -> None:
        self._asked = frozenset(asked)
        self._raw = frozenset(raw)
        self._typed = dict(typed or {})
        self._shapes = dict(shapes or {})
        self._start(set(opened) - self._shapes.keys() - self._typed.keys())

    def _start(self, opened: set[str]) -> None:
        self._layout = Layout(self._type, opened, self._asked)
        self._learn([{_MORE: None}])

    def _learn(self, objects: Sequence[Mapping[str, Any]]) -> bool:
        """Whether there was anything new."""
        is_new = self._layout.learn(objects)
        if is_new:
            self._build()
        return is_new

    def _build(self) -> None:
        self._decoder = msgspec.json.Decoder(self._layout.struct)
        self._nested: msgspec.json.Decoder[Any] | None = None  # of documents of such structs

    def _learn_all(self, records: Iterable[Record]) -> bool:
        return self._learn([members_of(record.data) for record in records])

    def _type(self, key: str) -> Any:
        known = self._shapes.get(key) or self._typed.get(key)
        if known is not None:
            return known | None
        is_decoded = key == _MORE or (key in self._asked and key not in self._raw)
        return Any if is_decoded else msgspec.Raw

    def decode(self, batch: Batch) -> Decoded:
        """Columns of all records, with the reasons of those set aside."""
        if isinstance(batch, Lines):
            return self._at_once(batch) or self._one_by_one(batch.records())
        return self._one_by_one(batch)

    def _at_once(self, lines: Lines) -> Decoded | None:
        """All lines, piece by piece; None when there is anything amiss with any of them."""
        n = len(lines)
        objects = Objects(self._layout)
        try:
            for piece in lines.pieces(_PIECE):
                objects.extend(self._structs(piece))
        except msgspec.ValidationError:
            return self._at_once(lines) if self._without_shapes() else None
        except (msgspec.DecodeError, UnreadableError, UnicodeError, RecursionError):
            return None
        if len(objects) < n:
            return None
        none: list[Mapping[str, Any]] = [{}] * n
        return Decoded(range(lines.first, lines.first + n), none, objects.columns)

    def _structs(self, piece: memoryview) -> list[Any]:
        for _ in range(_MOST_TRIES):
            try:
                return self._decoder.decode_lines(piece)
            except msgspec.ValidationError as error:
                if not self._learn_all(_records_from(error, piece)):
                    raise
        raise UnreadableError("too many keys")

    def decode_nested(
        self, lines: Lines, nesting: Nesting, explode: Callable[[Record], Sequence[Record]]
    ) -> Decoded | None:
        """The spans in the documents of all lines; None when there is anything amiss."""
        gathered = Gathered(lines.first, nesting)
        objects = Objects(self._layout)
        try:
            for piece in lines.pieces(_PIECE):
                objects.extend(gathered.take(self._documents(piece, nesting, explode)))
        except (msgspec.DecodeError, UnreadableError, UnicodeError, RecursionError):
            return None
        if gathered.n_documents < len(lines):
            return None
        columns = {**objects.columns, **nesting.told(objects.columns)}
        return Decoded(gathered.lines, gathered.contexts, columns)

    def _documents(
        self, piece: memoryview, nesting: Nesting, explode: Callable[[Record], Sequence[Record]]
    ) -> list[Any]:
        for _ in range(_MOST_TRIES):
            if self._nested is None:
                self._nested = msgspec.json.Decoder(nesting.document(self._layout.struct))
            try:
                return self._nested.decode_lines(piece)
            except msgspec.ValidationError as error:
                documents = _records_from(error, piece)
                if not self._learn_all(span for each in documents for span in explode(each)):
                    raise
        raise UnreadableError("too many keys")

    def _without_shapes(self) -> bool:
        if not self._shapes:
            return False
        self._shapes = {}
        self._layout.build()
        self._build()
        return True

    def _one_by_one(self, records: Sequence[Record]) -> Decoded:
        self._shapes = {}
        self._start(set())
        while True:
            structs: list[msgspec.Struct] = []
            kept: list[Record] = []
            rejected: list[Rejection] = []
            before = self._layout.struct
            for position, record in enumerate(records):
                try:
                    structs.append(self._one(record.data))
                    kept.append(record)
                except _NewKeysError:
                    few = _FIRST_LOOK if not position else len(records)
                    if self._learn_all(records[position : position + few]):
                        break
                    rejected.append((record.line, _broken(record.data)))
                except UnreadableError as error:
                    rejected.append((record.line, str(error)))
            if self._layout.struct is before:
                numbers = [record.line for record in kept]
                contexts = [record.context for record in kept]
                fields = _Fields(structs, self._layout.names)
                return Decoded(numbers, contexts, fields, rejected)

    def _one(self, data: Any) -> msgspec.Struct:
        if isinstance(data, Mapping):
            return self._from_object(data)
        if not isinstance(data, (bytes, msgspec.Raw)):
            raise UnreadableError("not an object")
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            if _is_new_key(str(error)) and not self._layout.is_full:
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
        names = self._layout.names
        named = {names[key]: item for key, item in value.items() if key in names}
        if len(named) < len(value):
            if not self._layout.is_full:
                raise _NewKeysError
            named["f0"] = {key: item for key, item in value.items() if key not in names}
        return self._layout.struct(**named)


def _records_from(error: msgspec.ValidationError, piece: memoryview) -> list[Record]:
    """Some records of a piece, from the one that the strict decoder stumbled over."""
    place = _PLACE.search(str(error))
    return Lines(bytes(piece)).start(_FIRST_LOOK, int(place[1]) if place else 0).records()


def _broken(data: Any) -> str:
    """Why a record cannot be read whose first keys can."""
    try:
        decode(data)
    except (UnreadableError, TypeError) as error:
        return str(error)
    return "not an object"


def _is_new_key(message: str) -> bool:
    """Whether the strict decoder met an unknown key of the record itself, not one further down."""
    return "unknown field" in message and " - at " not in message


class _NewKeysError(Exception):
    """A record has keys that the struct does not know yet."""


class RecordTree(ObjectTree):
    """Decoded records as a tree, with what surrounds them (`trace.userId`) beside their keys."""

    def __init__(self, decoded: Decoded) -> None:
        super().__init__(decoded.columns, decoded.contexts)
        self.lines = list(decoded.lines)
        self.skip([_MORE])

    def unread(self) -> dict[str, Sequence[Any]]:
        return {key: told_values(values) for key, values in super().unread().items()}

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
