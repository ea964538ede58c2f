"""All parts of all files as one `Traces`."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

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
from llmops_lab.readers._reader import Rows
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


def warn_of_cuts(parts: Sequence[Part]) -> None:
    """Warn of files that hold exactly as many records as their tool exports at most."""
    sizes: Counter[tuple[str, str]] = Counter()
    for part in parts:
        if part.reader:
            sizes[part.name, part.reader.name] += part.n_records
    of_name = {part.reader.name: part.reader for part in parts if part.reader}
    for (name, reader), size in sizes.items():
        if size in of_name[reader].page_sizes:
            warnings.warn(
                f"{name} holds exactly {size:,} records, where {of_name[reader].title} is often "
                "cut; is it the whole export?",
                TruncationWarning,
                stacklevel=3,
            )
