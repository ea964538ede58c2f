"""Reading traces: any export, one schema."""

import gc
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from llmops_lab._spans.schema import SIDE_TABLES, SPANS, conform
from llmops_lab.cost import price_traces
from llmops_lab.errors import FormatError, TruncationWarning
from llmops_lab.pricing import Price
from llmops_lab.readers._assemble import (
    side_table,
    with_trace_ids,
    with_trace_rows_lent,
    without_repeats,
)
from llmops_lab.readers._detect import (
    Found,
    canonical_table,
    check_mapping,
    detect,
    detect_table,
    has_spans,
)
from llmops_lab.readers._json import UnreadableError
from llmops_lab.readers._mapped import mapped_reader
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
from llmops_lab.readers._sources import Content, contents, parquet_frame
from llmops_lab.readers._spans import Spans, read_spans, rejected_rows
from llmops_lab.readers._split import BATCH, Table, is_json, read_csv, split_json
from llmops_lab.readers._stream import Stream
from llmops_lab.readers._table import TableTree
from llmops_lab.readers._texts import PLAIN
from llmops_lab.traces import Traces

_SAMPLES = 100


@dataclass(frozen=True)
class _Read:
    """What one file gave; frames and tables of canonical files come as they are."""

    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    side_rows: dict[str, Rows] = field(default_factory=dict[str, Rows])
    tables: dict[str, list[pl.DataFrame]] = field(default_factory=dict[str, list[pl.DataFrame]])
    is_canonical: bool = False
    sizes: list[tuple[str, Reader, int]] = field(default_factory=list[tuple[str, Reader, int]])

    def add(self, spans: Spans, name: str) -> None:
        self.frames.append(spans.frame)
        for table, rows in spans.side_rows.items():
            self.side_rows.setdefault(table, []).extend(rows)
        self.reject(spans.rejected, name)

    def reject(self, rejected: Iterable[Rejection | tuple[None, str]], name: str) -> None:
        self.side_rows.setdefault("rejected", []).extend(rejected_rows(rejected, name))


def read_traces(
    source: Any,
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    prices: Mapping[str, Price] | None = None,
) -> Traces:
    """Traces from any export in one schema; the format is found from the keys.

    `source` is a path, glob, folder or a list of them, an address (s3://, gs://, https://,
    hf://datasets/owner/name), bytes, open file, data frame (Polars, pandas, Arrow), Dataset, or
    a list of dicts; gzip and zstd are undone. `format` names a reader
    where the keys leave doubt; `mapping` reads any table: canonical column → its column
    ({"input_text": "question"}).
    `prices` are your own by model and win over the price list (see `price_traces`).
    What cannot be read is in `.rejected` (source_file, line, reason), a whole file with a null
    line. Raises FormatError when no file can be read.
    """
    ad_hoc = mapped_reader(mapping) if mapping else None
    with _without_collector():
        parts = _read_all(contents(source), format, ad_hoc)
        _warn_of_cuts(parts)
        traces = _traces(parts, _named(source))
        if prices is None and all(part.is_canonical for part in parts):
            return traces  # priced when they were read first
        return price_traces(traces, prices=prices)


@contextmanager
def _without_collector() -> Generator[None]:
    """Millions of new objects and no cycle among them: the collector would only walk them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _warn_of_cuts(parts: Sequence[_Read]) -> None:
    for part in parts:
        for name, reader, size in part.sizes:
            if size in reader.page_sizes:
                warnings.warn(
                    f"{name} holds exactly {size:,} records, where {reader.title} is often cut; "
                    "is it the whole export?",
                    TruncationWarning,
                    stacklevel=3,
                )


def _named(source: Any) -> str:
    return str(source) if isinstance(source, (str, Path)) else "memory"


def _read_all(files: Iterable[Content], wanted: str | None, ad_hoc: Reader | None) -> list[_Read]:
    """What every file holds. A file that is no export is set aside, unless all of them are."""
    parts, refused = list[_Read](), dict[str, FormatError]()
    for content in files:
        try:
            parts.append(_read(content, wanted, ad_hoc))
        except FormatError as error:
            refused[content.name] = error
    if refused and not parts:
        raise next(iter(refused.values()))
    for name, error in refused.items():
        why, _, _way_out = str(error).partition(";")
        parts[0].reject([(None, why)], name)
    return parts


def _read(content: Content, wanted: str | None, ad_hoc: Reader | None) -> _Read:
    """Everything one file or frame holds."""
    if isinstance(content.data, Stream) and content.data.is_parquet:
        frame = parquet_frame(content.data.whole(), content.name)
        return _read(Content(content.name, frame), wanted, ad_hoc)
    if isinstance(content.data, pl.DataFrame):
        table = Table(content.data, list(range(1, content.data.height + 1)))
        return _read_table(content.name, table, wanted, ad_hoc)
    if isinstance(content.data, list):
        records = [Record(n, item) for n, item in enumerate(content.data, 1)]
        return _read_records(content.name, iter([records]), wanted, ad_hoc)
    if is_json(content.data.head):
        batches = split_json(content.data, content.name)
        return _read_records(content.name, batches, wanted, ad_hoc)
    table = read_csv(content.data.whole(), content.name)
    found = _read_table(content.name, table, wanted, ad_hoc)
    found.reject(table.rejected, content.name)
    return found


def _read_table(name: str, table: Table, wanted: str | None, ad_hoc: Reader | None) -> _Read:
    frame, lines = table.frame, table.lines
    if not ad_hoc and not wanted and (canonical := canonical_table(frame)):
        return _canonical(frame, canonical)
    reader = ad_hoc or (readers[wanted] if wanted else detect_table(frame, name))
    frame = reader.mend(frame) if reader.mend else frame
    if reader.explode and not has_spans(reader, frame.columns):
        rows = map(Record, lines, frame.iter_rows(named=True))
        return _read_records(name, iter([list(rows)]), reader.name, None)
    if ad_hoc:
        check_mapping(ad_hoc, frame.columns)
    found = _Read(sizes=[(name, reader, frame.height)])
    for start in range(0, frame.height, BATCH):
        part = TableTree(frame[start : start + BATCH], lines[start : start + BATCH])
        found.add(read_spans(part, reader, source=name), name)
    return found


def _canonical(frame: pl.DataFrame, table: str) -> _Read:
    if table == "spans":
        return _Read(frames=[conform(frame.lazy(), SPANS).collect()], is_canonical=True)
    known = conform(frame.lazy(), SIDE_TABLES[table]).collect()
    return _Read(tables={table: [known]}, is_canonical=True)


def _read_records(
    name: str,
    batches: Iterator[Batch],
    wanted: str | None,
    ad_hoc: Reader | None,
) -> _Read:
    first = next(batches, [])
    reader, envelope = Found(ad_hoc) if ad_hoc else detect(_samples(first), name, wanted=wanted)
    if not envelope:
        _check_whole(first, reader, name)
    shapes = {**dict.fromkeys(reader.raw, PLAIN), **reader.shapes}
    decoder = RecordDecoder(reader.asked(), reader.raw, reader.typed, shapes)
    found = _Read()
    size = 0
    for batch in chain([first], batches):
        quick = None if envelope else _decoded_at_once(batch, reader, decoder)
        parts = [quick] if quick else []
        if not quick:
            exploded = _exploded(batch, reader, envelope, found, name)
            parts = map(decoder.decode, _parts(exploded))
            size += len(exploded) if envelope else 0
        for decoded in parts:
            found.reject(decoded.rejected, name)
            found.add(read_spans(RecordTree(decoded), reader, source=name), name)
        size += 0 if envelope else len(batch)
    found.sizes.append((name, reader, size))
    return found


def _check_whole(batch: Batch, reader: Reader, name: str) -> None:
    """Raises FormatError for an object read in part, unless one of its records is broken."""
    only = batch[0] if not isinstance(batch, Lines) and len(batch) == 1 else None
    if only is None or not isinstance(only.data, Salvaged):
        return
    opened = reader.explode(only).records if reader.explode else [only]
    if not any(isinstance(record.data, msgspec.Raw) for record in opened):
        raise FormatError(f"{name} is one document of {reader.title} and broken; is it cut off?")


def _decoded_at_once(batch: Batch, reader: Reader, decoder: RecordDecoder) -> Decoded | None:
    """The spans in a block of documents, where the reader knows the quick way."""
    nesting, explode = reader.nesting, reader.explode
    if not isinstance(batch, Lines) or not nesting or not explode or not nesting.serves(batch.data):
        return None
    return decoder.decode_nested(batch, nesting, lambda record: explode(record).records)


def _samples(batch: Batch) -> Iterator[Any]:
    some = batch.start(_SAMPLES) if isinstance(batch, Lines) else batch
    return (record.data for record in records_of(some)[:_SAMPLES])


def _parts(batch: Batch) -> Iterator[Batch]:
    """What is worked off at once."""
    if isinstance(batch, Lines):
        yield batch
    else:
        yield from (batch[start : start + BATCH] for start in range(0, len(batch), BATCH))


def _exploded(batch: Batch, reader: Reader, envelope: str | None, found: _Read, name: str) -> Batch:
    """The span records of a batch, with pages and documents opened."""
    if envelope is None and reader.explode is None:
        return batch
    paged = records_of(batch)
    if envelope:
        paged = list(_unwrapped(paged, envelope, found, name))
    if reader.explode is None:
        return paged
    records: list[Record] = []
    for record in paged:
        try:
            opened = reader.explode(record)
        except UnreadableError as error:
            found.reject([(record.line, str(error))], name)
            continue
        except (AttributeError, TypeError, KeyError, ValueError):
            found.reject([(record.line, f"not shaped like {reader.title}")], name)
            continue
        if not opened.records and not any(opened.side_rows.values()):
            found.reject([(record.line, "holds no spans")], name)
        records += opened.records
        for table, rows in opened.side_rows.items():
            found.side_rows.setdefault(table, []).extend(rows)
    if isinstance(batch, Lines) or len(batch) > 1:
        return records
    return [replace(record, line=n) for n, record in enumerate(records, 1)]


def _unwrapped(batch: Sequence[Record], envelope: str, found: _Read, name: str) -> Iterator[Record]:
    for record in batch:
        try:
            inner = object_of(record).get(envelope)
        except UnreadableError as error:
            found.reject([(record.line, str(error))], name)
            continue
        if isinstance(inner, list):
            yield from (Record(n, item) for n, item in enumerate(inner, 1))
        else:
            found.reject([(record.line, f"no list under {envelope!r}")], name)


def _traces(parts: Sequence[_Read], source: str) -> Traces:
    """All files as one."""
    rows: dict[str, Rows] = {}
    frames: list[pl.DataFrame] = []
    for part in parts:
        frames += part.frames
        for table, found in part.side_rows.items():
            rows.setdefault(table, []).extend(found)
    spans = pl.concat(frames) if frames else pl.DataFrame(schema=SPANS)
    spans, repeated = without_repeats(with_trace_ids(spans))
    spans = with_trace_rows_lent(spans)
    rows.setdefault("rejected", []).extend(repeated)
    tables = {name: side_table(name, found) for name, found in rows.items()}
    for part in parts:
        for table, ready in part.tables.items():
            tables[table] = pl.concat([tables[table], *ready] if table in tables else ready)
    return Traces.from_frame(spans, side_tables=tables, source=source)
