"""What one file gives: spans in frames, rows for side tables, and what could not be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import polars as pl

from llmops_lab._spans.schema import SIDE_TABLES, SPANS, conform
from llmops_lab.errors import FormatError
from llmops_lab.readers._cloudwatch import log_table, logged
from llmops_lab.readers._detect import (
    Found,
    canonical_table,
    check_mapping,
    detect,
    detect_table,
    has_spans,
)
from llmops_lab.readers._json import UnreadableError
from llmops_lab.readers._log_lines import is_log, log_records
from llmops_lab.readers._reader import Reader, Rows, readers
from llmops_lab.readers._records import (
    Batch,
    Decoded,
    Lines,
    Record,
    RecordDecoder,
    RecordTree,
    Rejection,
    object_of,
    records_of,
)
from llmops_lab.readers._salvage import Salvaged
from llmops_lab.readers._sources import Content, parquet_frame
from llmops_lab.readers._spans import Spans, read_spans, rejected_rows
from llmops_lab.readers._split import BATCH, Table, is_json, read_csv, split_json
from llmops_lab.readers._stream import Stream
from llmops_lab.readers._table import TableTree
from llmops_lab.readers._texts import PLAIN

_SAMPLES = 100
_NOT_SHAPED_SO = (AttributeError, TypeError, KeyError, ValueError)


@dataclass
class Part:
    """What one block of a file gave; canonical files come as they are."""

    name: str
    reader: Reader | None = None
    n_records: int = 0
    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    side_rows: dict[str, Rows] = field(default_factory=dict[str, Rows])
    tables: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])

    @property
    def is_canonical(self) -> bool:
        """Whether this is what we wrote ourselves."""
        return self.reader is None and bool(self.frames or self.tables)

    def add(self, spans: Spans) -> None:
        """Take the spans of a batch."""
        self.frames.append(spans.frame)
        for table, rows in spans.side_rows.items():
            self.side_rows.setdefault(table, []).extend(rows)
        self.reject(spans.rejected)

    def reject(self, rejected: Iterable[Rejection | tuple[None, str]]) -> None:
        """Note what could not be read."""
        self.side_rows.setdefault("rejected", []).extend(rejected_rows(rejected, self.name))


class Format(NamedTuple):
    """How the blocks of one file are read: by which reader, out of which envelope."""

    name: str
    reader: Reader
    envelope: str | None = None


def read_all(files: Iterable[Content], wanted: str | None, ad_hoc: Reader | None) -> Iterator[Part]:
    """What every file holds. A file that is no export is set aside, unless all of them are."""
    refused: dict[str, FormatError] = {}
    n_parts = 0
    for content in files:
        try:
            for part in read_content(content, wanted, ad_hoc):
                n_parts += 1
                yield part
        except FormatError as error:
            refused[content.name] = error
    if refused and not n_parts:
        raise next(iter(refused.values()))
    for name, error in refused.items():
        part = Part(name)
        part.reject([(None, str(error).partition(";")[0])])
        yield part


def read_content(content: Content, wanted: str | None, ad_hoc: Reader | None) -> Iterator[Part]:
    """Everything one file or frame holds, block by block."""
    name, data = content.name, content.data
    if isinstance(data, Stream) and data.is_parquet:
        data = parquet_frame(data.whole(), name)
    if isinstance(data, pl.DataFrame):
        table = Table(data, list(range(1, data.height + 1)))
        return _read_table(name, table, wanted, ad_hoc)
    if isinstance(data, list):
        records = [Record(n, item) for n, item in enumerate(data, 1)]
        return _read_records(name, iter([records]), wanted, ad_hoc)
    if is_log(data.head):
        return _read_records(name, log_records(data.blocks()), wanted, ad_hoc)
    if is_json(data.head):
        return _read_records(name, split_json(data, name), wanted, ad_hoc)
    return _read_table(name, read_csv(data.whole(), name), wanted, ad_hoc)


def _read_table(
    name: str, table: Table, wanted: str | None, ad_hoc: Reader | None
) -> Iterator[Part]:
    frame, lines = table.frame, table.lines
    if not ad_hoc and not wanted and (canonical := canonical_table(frame)):
        yield _canonical(name, frame, canonical)
        return
    if not ad_hoc and log_table(frame):
        yield from _read_records(name, _as_records(frame, lines), wanted, None)
        return
    reader = ad_hoc or (readers[wanted] if wanted else detect_table(frame, name))
    frame = reader.mend(frame) if reader.mend else frame
    if reader.explode and not has_spans(reader, frame.columns):
        yield from _read_records(name, _as_records(frame, lines), reader.name, None)
        return
    if ad_hoc:
        check_mapping(ad_hoc, frame.columns)
    rest = Part(name, reader, frame.height)
    rest.reject(table.rejected)
    yield rest
    for start in range(0, frame.height, BATCH):
        part = Part(name, reader)
        tree = TableTree(frame[start : start + BATCH], lines[start : start + BATCH])
        part.add(read_spans(tree, reader, source=name))
        yield part


def _as_records(frame: pl.DataFrame, lines: list[int]) -> Iterator[Batch]:
    return iter([list(map(Record, lines, frame.iter_rows(named=True)))])


def _canonical(name: str, frame: pl.DataFrame, table: str) -> Part:
    if table == "spans":
        return Part(name, frames=[conform(frame.lazy(), SPANS).collect()])
    return Part(name, tables={table: conform(frame.lazy(), SIDE_TABLES[table]).collect()})


def _read_records(
    name: str, batches: Iterator[Batch], wanted: str | None, ad_hoc: Reader | None
) -> Iterator[Part]:
    batches = logged(batches)
    first = next(batches, [])
    found = Found(ad_hoc) if ad_hoc else detect(_samples(first), name, wanted=wanted)
    form = Format(name, *found)
    if not form.envelope:
        _check_whole(first, form.reader, name)
    for batch in chain([first], batches):
        yield read_block(batch, form)


def read_block(batch: Batch, form: Format) -> Part:
    """What one block holds, read on its own: no other block changes what it gives."""
    name, reader, envelope = form
    part = Part(name, reader)
    shapes = {**dict.fromkeys(reader.raw, PLAIN), **reader.shapes}
    decoder = RecordDecoder(reader.asked(), reader.raw, reader.typed, shapes, reader.opened())
    quick = None if envelope else _decoded_at_once(batch, reader, decoder)
    decodings = [quick] if quick else []
    if not quick:
        exploded = _exploded(batch, form, part)
        decodings = map(decoder.decode, _parts(exploded))
        part.n_records = len(exploded)
    if not envelope:
        part.n_records = len(batch)
    for decoded in decodings:
        part.reject(decoded.rejected)
        part.add(read_spans(RecordTree(decoded), reader, source=name))
    return part


def _check_whole(batch: Batch, reader: Reader, name: str) -> None:
    """Raises FormatError for an object read in part, unless one of its records is broken."""
    only = batch[0] if not isinstance(batch, Lines) and len(batch) == 1 else None
    if only is None or not isinstance(only.data, Salvaged):
        return
    try:
        opened = reader.explode(only).records if reader.explode else [only]
    except _NOT_SHAPED_SO:
        return  # told with the reason when it is read
    if not any(isinstance(record.data, msgspec.Raw) for record in opened):
        raise FormatError(f"{name} is one document of {reader.title} and broken; is it cut off?")


def _decoded_at_once(batch: Batch, reader: Reader, decoder: RecordDecoder) -> Decoded | None:
    """The spans in a block of documents, where the reader knows the quick way."""
    nesting, explode = reader.nesting, reader.explode
    if not isinstance(batch, Lines) or not nesting or not explode:
        return None
    return decoder.decode_nested(batch, nesting, lambda record: explode(record).records)


def _samples(batch: Batch) -> Iterator[Any]:
    if isinstance(batch, Lines):
        batch = batch.start(_SAMPLES).records()
    objects = [record for record in batch if isinstance(record.data, Mapping)]  # amid a log's lines
    return (record.data for record in (objects or batch)[:_SAMPLES])


def _parts(batch: Batch) -> Iterator[Batch]:
    """What is worked off at once."""
    if isinstance(batch, Lines):
        yield batch
    else:
        yield from (batch[start : start + BATCH] for start in range(0, len(batch), BATCH))


def _exploded(batch: Batch, form: Format, part: Part) -> Batch:
    """The span records of a batch, with pages and documents opened."""
    reader = form.reader
    if form.envelope is None and reader.explode is None:
        return batch
    paged = records_of(batch)
    if form.envelope:
        paged = list(_unwrapped(paged, form.envelope, part))
    if reader.explode is None:
        return paged
    records: list[Record] = []
    for record in paged:
        try:
            opened = reader.explode(record)
        except UnreadableError as error:
            part.reject([(record.line, str(error))])
            continue
        except _NOT_SHAPED_SO:
            part.reject([(record.line, f"not shaped like {reader.title}")])
            continue
        if not opened.records and not any(opened.side_rows.values()):
            part.reject([(record.line, "holds no spans")])
        records += opened.records
        for table, rows in opened.side_rows.items():
            part.side_rows.setdefault(table, []).extend(rows)
    if isinstance(batch, Lines) or len(batch) > 1:
        return records
    return [replace(record, line=n) for n, record in enumerate(records, 1)]


def _unwrapped(batch: Sequence[Record], envelope: str, part: Part) -> Iterator[Record]:
    for record in batch:
        try:
            inner = object_of(record).get(envelope)
        except UnreadableError as error:
            part.reject([(record.line, str(error))])
            continue
        if isinstance(inner, list):
            yield from (Record(n, item) for n, item in enumerate(inner, 1))
        else:
            part.reject([(record.line, f"no list under {envelope!r}")])
