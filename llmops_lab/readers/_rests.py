"""What no field asked for, written as a JSON object per record, a whole batch at a time."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from llmops_lab.readers._json import encode

Rests = list[bytes | None]
"""A JSON object per record; None where nothing is left."""

UNNAMEABLE = re.compile(r'[\\"\x00-\x1f]')  # msgspec has no field of such a name
_BLANK = (None, "", [], {})
_EMPTY = (b"null", b'""', b"[]", b"{}")
_encode = msgspec.json.Encoder(enc_hook=str).encode


def rests_of(columns: Mapping[str, Sequence[Any]], height: int) -> Rests:
    """An object of the columns' values for each of `height` rows; None is no value."""
    told = {key: values for key, values in columns.items() if not _is_gap(values)}
    if not told:
        return [None] * height
    if any(map(UNNAMEABLE.search, told)):
        return _one_by_one(told)
    row = msgspec.defstruct(
        "Row",
        [(f"f{i}", Any, None) for i in range(len(told))],
        rename={f"f{i}": key for i, key in enumerate(told)},
        omit_defaults=True,
        gc=False,
    )
    try:
        written = list(map(_encode, map(row, *told.values())))
    except (UnicodeEncodeError, TypeError, ValueError):
        return _one_by_one(told)
    return [None if text == b"{}" else text for text in written]


def _one_by_one(columns: Mapping[str, Sequence[Any]]) -> Rests:
    rows = zip(*columns.values(), strict=True)
    objects = (dict(zip(columns, row, strict=True)) for row in rows)
    return [
        written({key: value for key, value in row.items() if value is not None}) for row in objects
    ]


def written(left: Mapping[str, Any] | None) -> bytes | None:
    """The object as JSON; None when nothing is in it."""
    if not left:
        return None
    try:
        return _encode(left)
    except (UnicodeEncodeError, TypeError, ValueError):
        return encode(left).encode()


def told_values(values: Sequence[Any]) -> Sequence[Any]:
    """The values, None for those that say nothing: null, "", [] and {}."""
    if _is_gap(values):
        return values
    kinds = set(map(type, values))
    if not kinds <= {msgspec.Raw, type(None)}:
        return [None if _is_blank(value) else value for value in values]
    as_json = _encode(values)
    if not any(blank in as_json for blank in _EMPTY):
        return values
    if as_json == _encode([values[0]] * len(values)):
        return [None] * len(values) if _encode(values[0]) in _EMPTY else values
    return [None if _encode(value) in _EMPTY else value for value in values]


def _is_blank(value: Any) -> bool:
    return bytes(value) in _EMPTY if type(value) is msgspec.Raw else value in _BLANK


def _is_gap(values: Sequence[Any]) -> bool:
    return values.count(None) == len(values)


def spliced(outer: Rests, inner: Rests, *, alike: bool) -> Rests:
    """Objects with the members of both; `alike` when both may have one, and the inner one holds."""
    join = _merged if alike else _appended
    return [
        join(above, below) if above and below else above or below
        for above, below in zip(outer, inner, strict=True)
    ]


def _appended(above: bytes, below: bytes) -> bytes:
    return above[:-1] + b"," + below[1:]


def _merged(above: bytes, below: bytes) -> bytes:
    return _encode({**_MEMBERS.decode(above), **_MEMBERS.decode(below)})


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
