"""Where one record ends and the next begins: JSON lines, one document, an array, CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import polars as pl

from llmops_lab.errors import FormatError
from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._records import Record

BATCH = 20_000


@dataclass(frozen=True)
class Table:
    """A frame of text cells, and line → reason for the rows that do not fit its header."""

    frame: pl.DataFrame
    rejected: dict[int, str] = field(default_factory=dict[int, str])


def is_json(data: bytes) -> bool:
    """Whether the text starts as JSON does."""
    return data.lstrip()[:1] in (b"{", b"[")


def split_json(data: bytes, name: str) -> Iterator[Sequence[Record]]:
    """The records of a JSON text. Raises FormatError when it breaks off or is no JSON."""
    text = data.lstrip()
    first, _, rest = text.partition(b"\n") if b"\n" in text[: 1 << 26] else (text, b"", b"")
    if rest.strip() and _is_whole(first):
        return _lines(data)
    if text[:1] == b"[":
        items = _items(text)
        if items is not None:
            return _batches([Record(n, item) for n, item in enumerate(items, 1)])
    elif _is_whole(text):
        return iter([[Record(1, text)]])
    if rest and any(_is_whole(line) for line in rest.split(b"\n", 20)[:20]):
        return _lines(data)
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
        raise FormatError(
            f"{name} is not whole JSON: {error} of {len(text):,} bytes; is the file cut off?"
        ) from None
    return [
        Record(n, item) for n, item in enumerate(value if isinstance(value, list) else [value], 1)
    ]


def _lines(data: bytes) -> Iterator[list[Record]]:
    batch: list[Record] = []
    start = number = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        line = data[start:end].strip()
        if line:
            batch.append(Record(number, line))
        if len(batch) == BATCH:
            yield batch
            batch = []
        start = end + 1
    if batch:
        yield batch


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
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = _distinct(next(rows))
        kept: list[list[str]] = []
        rejected: dict[int, str] = {}
        for row in rows:
            if len(row) == len(header):
                kept.append(row)
            elif row:
                rejected[rows.line_num] = f"{len(row)} cells under {len(header)} column names"
    except csv.Error as error:
        raise FormatError(f"{name} is no CSV: {error}") from None
    if len(header) < 2:
        raise FormatError(f"{name} is neither JSON, CSV with a header, nor Parquet")
    cells = list(zip(*kept, strict=True)) if kept else [[] for _ in header]
    columns = {
        column: pl.Series(values, dtype=pl.String).replace("", None)
        for column, values in zip(header, cells, strict=True)
    }
    return Table(pl.DataFrame(columns), rejected)
