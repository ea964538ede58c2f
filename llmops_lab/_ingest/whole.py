"""All parts of all files as one `Traces`."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from llmops_lab._ingest.one_file import Part
from llmops_lab._spans.schema import SPANS
from llmops_lab.cost import price_traces
from llmops_lab.errors import TruncationWarning
from llmops_lab.pricing import Price
from llmops_lab.readers._assemble import (
    side_table,
    with_trace_ids,
    with_trace_rows_lent,
    without_repeats,
)
from llmops_lab.readers._reader import Reader, Rows
from llmops_lab.traces import Traces


def as_traces(
    parts: Sequence[Part], source: str, prices: Mapping[str, Price] | None = None
) -> Traces:
    """Repeats set aside, trees built, side tables typed, every call priced."""
    frames = [frame for part in parts for frame in part.frames]
    spans = pl.concat(frames) if frames else pl.DataFrame(schema=SPANS)
    spans, repeated = without_repeats(with_trace_ids(spans))
    spans = with_trace_rows_lent(spans)
    traces = Traces.from_frame(spans, side_tables=side_tables(parts, repeated), source=source)
    if prices is None and all(part.is_canonical for part in parts):
        return traces  # priced when they were read first
    return price_traces(traces, prices=prices)


def side_tables(parts: Iterable[Part], rejected: Rows) -> dict[str, pl.DataFrame]:
    """The side tables of all parts, with what was rejected later."""
    rows: dict[str, Rows] = {}
    ready: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for table, found in part.side_rows.items():
            rows.setdefault(table, []).extend(found)
        for table, frame in part.tables.items():
            ready.setdefault(table, []).append(frame)
    rows.setdefault("rejected", []).extend(rejected)
    tables = {name: [side_table(name, found)] for name, found in rows.items()}
    for table, frames in ready.items():
        tables[table] = [*tables.get(table, ()), *frames]
    return {name: pl.concat(frames) for name, frames in tables.items()}


class Cut(NamedTuple):
    """A file that holds exactly as many records as its tool exports at most."""

    name: str
    title: str
    n_records: int


def cuts(parts: Iterable[Part]) -> list[Cut]:
    """The files that may have been cut off by the tool that wrote them."""
    sizes: Counter[tuple[str, str]] = Counter()
    of_name: dict[str, Reader] = {}
    for part in parts:
        if part.reader:
            sizes[part.name, part.reader.name] += part.n_records
            of_name[part.reader.name] = part.reader
    return [
        Cut(name, of_name[reader].title, n)
        for (name, reader), n in sizes.items()
        if n in of_name[reader].page_sizes
    ]


def warn_of_cuts(found: Iterable[Cut]) -> None:
    """Warn of files that may have been cut off."""
    for name, title, n in found:
        warnings.warn(
            f"{name} holds exactly {n:,} records, where {title} is often cut; "
            "is it the whole export?",
            TruncationWarning,
            stacklevel=4,
        )
