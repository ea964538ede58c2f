"""JSON in the lines of a log: `2026-03-02T09:00:00Z {…}`, `INFO {…}`, `data: {…}`, spans amid prints.

So CloudWatch exports to S3 and `aws logs tail` write, and so a program's output looks in a file.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from llmops_lab.readers._records import Record

_READER: Final = json.JSONDecoder(strict=False)
_LOOKED_AT: Final = 2_000
_HEAD: Final = 1 << 18
_PREFIX: Final = 200  # characters before the object: a time, a level, the name of a stream
_STARTS: Final = 3
_LONGEST: Final = 64 << 20  # characters of an object that more than one block holds
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


def log_records(blocks: Iterable[bytes]) -> Iterator[list[Record]]:
    """A record per object, by the line it starts on; a line without one is a record of its own.

    Blocks end where a line ends; an object that goes on in the next block waits for it. Every
    batch holds an object, and two records at least, unless the log has no such two.
    """
    held: list[Record] = []
    for found in _parts(blocks):
        if len(found) > 1 and any(isinstance(record.data, dict) for record in held):
            yield held
            held = found
        else:
            held += found
    yield held


def _parts(blocks: Iterable[bytes]) -> Iterator[list[Record]]:
    left, line = "", 1
    for block in blocks:
        part = _Part(left + block.decode("utf-8", "replace"), line)
        yield list(part.records(may_go_on=True))
        left, line = part.text[part.start :], part.line
    yield list(_Part(left, line).records(may_go_on=False))


@dataclass
class _Part:
    """A piece of a log, read from a place on; `line` is the number of the line there."""

    text: str
    line: int
    start: int = 0

    def records(self, *, may_go_on: bool) -> Iterator[Record]:
        """The records up to the end, or up to an object that may go on behind it."""
        text = self.text
        while self.start < len(text):
            end = text.find("\n", self.start)
            end = len(text) if end < 0 else end
            found = _object_in(text, self.start, end)
            if found is not None:
                value, place = found
                yield Record(self.line, value)
                past = text.find("\n", place)
                end = len(text) if past < 0 else past
            elif may_go_on and _is_cut_off(text, self.start, end):
                return
            elif text[self.start : end].strip():
                yield Record(self.line, text[self.start : end].strip().encode())
            self.line += text.count("\n", self.start, end) + 1
            self.start = end + 1


def _is_cut_off(text: str, start: int, end: int) -> bool:
    """Whether an object that starts on the line is sound as far as the text goes."""
    place = text.find("{", start, min(end, start + _PREFIX))
    if place < 0 or len(text) - start > _LONGEST:
        return False
    try:
        _READER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    except RecursionError:
        return False
    return False


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
