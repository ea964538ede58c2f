"""JSON in the lines of a log: `2026-03-02T09:00:00Z {…}`, `INFO {…}`, `data: {…}`, spans amid prints.

So CloudWatch exports to S3 and `aws logs tail` write, and so a program's output looks in a file.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from llmops_lab.readers._records import Record

_READER: Final = json.JSONDecoder(strict=False)
_LOOKED_AT: Final = 200
_HEAD: Final = 1 << 18
_PREFIX: Final = 200  # characters before the object: a time, a level, the name of a stream
_STARTS: Final = 3
# `{` or `[` as JSON starts, not a level or a time in brackets: `[INFO] …`.
_JSON_START: Final = re.compile(rb'\s*(?:\{|\[(?![^\[\]{}"\n]{1,80}\]\s))')


def is_log(head: bytes) -> bool:
    """Whether a text that does not start as JSON has a line that ends in, or opens, an object."""
    if _JSON_START.match(head):
        return False
    text = head[:_HEAD].decode("utf-8", "replace")
    lines = text.split("\n", _LOOKED_AT)[:_LOOKED_AT]
    starts = (sum(map(len, lines[:n])) + n for n in range(len(lines)))
    return any(
        _object_in(text, start, start + len(line)) is not None
        for start, line in zip(starts, lines, strict=True)
        if "{" in line[:_PREFIX]
    )


def log_records(data: bytes) -> list[Record]:
    """A record per object, by the line it starts on; a line without one is a record of its own."""
    text = data.decode("utf-8", "replace")
    return list(_records(text))


def _records(text: str) -> Iterator[Record]:
    start, line = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        found = _object_in(text, start, end)
        if found is not None:
            value, place = found
            yield Record(line, value)
            past = text.find("\n", place)
            end = len(text) if past < 0 else past
        elif text[start:end].strip():
            yield Record(line, text[start:end].strip().encode())
        line += text.count("\n", start, end) + 1
        start = end + 1


def _object_in(text: str, start: int, end: int) -> tuple[dict[str, Any], int] | None:
    """The object that starts on a line, and where it ends: at the end of that line or a later one."""
    place = start
    for _ in range(_STARTS):
        place = text.find("{", place, min(end, start + _PREFIX))
        if place < 0:
            return None
        try:
            value, stop = _READER.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
            continue
        past = text.find("\n", stop)
        if value and not text[stop : past if past >= 0 else None].strip(" \t\r,;"):
            return value, stop
        place += 1
    return None
