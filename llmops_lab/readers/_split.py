"""Where one record ends and the next begins: JSON lines, one document, an array, CSV."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from llmops_lab.errors import FormatError
from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._records import Batch, Lines, Record, Rejection
from llmops_lab.readers._salvage import salvaged
from llmops_lab.readers._stream import Stream, pieces_of

BATCH = 20_000
_VISIBLE = re.compile(rb"\S")


@dataclass(frozen=True)
class Table:
    """A frame of text cells, the line of each row, (line, reason) of rows that do not fit."""

    frame: pl.DataFrame
    lines: list[int]
    rejected: list[Rejection] = field(default_factory=list[Rejection])


def is_json(data: bytes) -> bool:
    """Whether the text starts as JSON does."""
    return data.lstrip()[:1] in (b"{", b"[")


def split_json(stream: Stream, name: str) -> Iterator[Batch]:
    """The records of a JSON text. Raises FormatError when it breaks off or is no JSON."""
    start = _VISIBLE.search(stream.head)
    head = stream.head[start.start() :] if start and start.start() else stream.head
    end = head.find(b"\n")
    if end >= 0 and _VISIBLE.search(head, end) is not None and _is_whole(head[:end]):
        return _lines(stream.blocks())
    return _documents(stream.whole(), name)


def _documents(data: bytes, name: str) -> Iterator[Batch]:
    """The records of a text whose first line is not one of them."""
    text = data.lstrip()
    if text[:1] == b"[":
        items = _items(text)
        if items is not None:
            return _batches(_numbered(items))
    elif _is_whole(text):
        return iter([[Record(1, text)]])
    end = text.find(b"\n")
    more = end >= 0 and _VISIBLE.search(text, end) is not None
    if more and any(_is_whole(line.strip()) for line in text.split(b"\n", 20)[:20]):
        return _lines(Stream(pieces_of(data)).blocks())
    return _batches(_leniently(text, name))


def _is_whole(text: bytes) -> bool:
    if text.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _items(text: bytes) -> list[msgspec.Raw] | None:
    try:
        return msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _leniently(text: bytes, name: str) -> list[Record]:
    try:
        value = decode(text)
    except UnreadableError as error:
        records = _one_after_another(text) if text[:1] == b"{" else []
        found = salvaged(text) if len(records) < 2 else None
        if found is not None:
            records = _numbered(found if isinstance(found, list) else [found])
        if found is not None or len(records) > 1:
            return records
        raise FormatError(
            f"{name} is not whole JSON: {error} of {len(text):,} bytes; is the file cut off?"
        ) from None
    return _numbered(value if isinstance(value, list) else [value])


def _numbered(items: Iterable[Any]) -> list[Record]:
    return [Record(n, item) for n, item in enumerate(items, 1)]


def _one_after_another(text: bytes) -> list[Record]:
    """Documents that follow each other over many lines; what cannot be read is the last."""
    whole = text.decode("utf-8", "replace")
    reader = json.JSONDecoder()
    records: list[Record] = []
    position = 0
    while position < len(whole):
        try:
            _, end = reader.raw_decode(whole, position)
        except (ValueError, RecursionError):
            # Once a document was whole, what is broken or no JSON ends where the next one starts.
            following = whole.find("\n{", position + 1) if records else -1
            end = following if following >= 0 else len(whole)
        records.append(Record(len(records) + 1, whole[position:end].encode()))
        position = end
        while position < len(whole) and whole[position].isspace():
            position += 1
    return records


def _lines(blocks: Iterator[bytes]) -> Iterator[Lines]:
    first = 1
    for block in blocks:
        lines = Lines(block, first)
        first += len(lines)
        yield lines


def _batches(records: list[Record]) -> Iterator[list[Record]]:
    for start in range(0, len(records), BATCH):
        yield records[start : start + BATCH]


def _distinct(header: list[str]) -> list[str]:
    """pandas writes an index beside the column of the same name: the later one is renamed."""
    count: dict[str, int] = {}
    for position, name in enumerate(header):
        count[name] = count.get(name, 0) + 1
        if count[name] > 1:
            header[position] = f"{name} ({count[name]})"
    return header


def read_csv(data: bytes, name: str) -> Table:
    """A CSV as text cells. Raises FormatError when the first line is no header."""
    if b"\0" in data[:4096]:
        raise FormatError(f"{name} is neither JSON, CSV nor Parquet")
    text = data.decode("utf-8", "replace")
    csv.field_size_limit(1 << 30)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    kept: dict[int, list[str]] = {}
    rejected: list[Rejection] = []
    try:
        header = _distinct(next(rows, []))
        for row in rows:
            if len(row) == len(header):
                kept[rows.line_num] = row
            elif row:
                reason = f"{len(row)} cells under {len(header)} column names"
                rejected.append((rows.line_num, reason))
    except csv.Error as error:
        raise FormatError(f"{name} is no CSV: {error}") from None
    if len(header) < 2:
        raise FormatError(f"{name} is neither JSON, CSV with a header, nor Parquet")
    return Table(_columns(header, list(kept.values())), list(kept), rejected)


def _delimiter(text: str) -> str:
    header = text[: text.find("\n")] if "\n" in text else text
    return max(",;\t", key=header.count)


def _columns(header: list[str], rows: list[list[str]]) -> pl.DataFrame:
    cells = list(zip(*rows, strict=True)) if rows else [[] for _ in header]
    return pl.DataFrame(
        {
            column: pl.Series(values, dtype=pl.String).replace("", None)
            for column, values in zip(header, cells, strict=True)
        }
    )
