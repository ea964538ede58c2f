"""Traces larger than memory: parts written as they are read, trees and prices worked out on ids.

A first pass leaves frames as they were read. What holds for a whole trace (repeats, tree, usage
role, cost) needs no text: it is worked out on the other columns, for a share of the traces at a
time. A last pass joins both into Parquet, part by part.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import polars as pl

from llmops_lab import cost
from llmops_lab._ingest.one_file import Part
from llmops_lab._ingest.whole import side_tables
from llmops_lab._spans import usage
from llmops_lab._spans.schema import SIDE_TABLES, SPANS, conform
from llmops_lab.pricing import Price
from llmops_lab.readers._assemble import (
    OF_TRACE,
    with_trace_ids,
    with_trace_rows_lent,
    without_repeats,
)
from llmops_lab.readers._reader import TRACE_ROW, Rows
from llmops_lab.traces import Traces

_NARROW: Final = sorted({
    *usage.TOLD, *cost.TOLD, *OF_TRACE, "source_file", "source_row", "end_time", "operation",
    "cost_usd", "cost_source", "is_root", "is_orphan",
})  # fmt: skip
"""What tells repeats, trees, roles and prices."""
_ALWAYS: Final = ("is_root", "is_orphan", "depth", "usage_role", "cost_usd", "cost_source")
Prices = Mapping[str, Price] | None


@dataclass(frozen=True)
class Sizes:
    """How much is worked on at once: bytes of a file of spans, spans whose trees are built."""

    file_bytes: int = 64 << 20
    tree_spans: int = 250_000


def write_parts(
    parts: Iterable[Part], folder: Path, prices: Prices, sizes: Sizes = Sizes()
) -> list[Part]:
    """Write spans and side tables of all parts below the folder; returns the parts, emptied."""
    light, heights = _write_raw(parts, folder, sizes)
    raw = pl.scan_ipc(folder / "raw-*.arrow") if heights else pl.LazyFrame(schema=SPANS)
    is_priced = prices is None and all(part.is_canonical for part in light)
    n_shares = max(1, -(-sum(heights) // sizes.tree_spans))
    derived, repeated = _derived(raw, n_shares, None if is_priced else prices or {})
    files = {part.name: n for n, part in enumerate(light)}
    repeated.sort(key=lambda row: (files.get(row["source_file"], -1), row["line"]))
    _write_spans(folder, heights, derived)
    tables = side_tables(light, repeated)
    for name, schema in SIDE_TABLES.items():
        table = tables.get(name, pl.DataFrame(schema=schema))
        _write(conform(table.lazy(), schema).collect(), folder / f"{name}.parquet")
    return light


def _write_raw(parts: Iterable[Part], folder: Path, sizes: Sizes) -> tuple[list[Part], list[int]]:
    """The spans as they were read, in files of a bearable size, whose heights are returned."""
    light: list[Part] = []
    heights: list[int] = []
    for frames in _gathered(parts, light, sizes.file_bytes):
        frame = pl.concat(frames)
        frame.write_ipc(folder / f"raw-{len(heights):06}.arrow", compression="lz4")
        heights.append(frame.height)
    return light, heights


def _gathered(
    parts: Iterable[Part], light: list[Part], file_bytes: int
) -> Iterator[list[pl.DataFrame]]:
    held: list[pl.DataFrame] = []
    for part in parts:
        held += part.frames
        part.frames.clear()
        light.append(part)
        if sum(frame.estimated_size() for frame in held) > file_bytes:
            yield held
            held = []
    if any(frame.height for frame in held):
        yield held


def _derived(raw: pl.LazyFrame, n_shares: int, prices: Prices) -> tuple[pl.DataFrame, Rows]:
    """Per row that stays (`_place`), what its trace tells; and the rows that repeat others."""
    narrow = _with_ids(raw.select(_NARROW).with_row_index("_place"))
    lent = narrow.select((pl.col("operation") == TRACE_ROW).any()).collect().item()
    columns = ["_place", "trace_id", *_ALWAYS, *(OF_TRACE if lent else ())]
    found: list[pl.DataFrame] = []
    repeated: Rows = []
    for share in range(n_shares):
        mine = narrow.filter(pl.col("trace_id").hash() % n_shares == share).collect()
        kept, again = without_repeats(mine)
        spans = usage.with_usage_role(usage.with_tree(with_trace_rows_lent(kept)))
        if prices is not None:
            spans = cost.price_traces(Traces(spans.lazy()), prices=prices).spans
        found.append(spans.select(columns))
        repeated += again
    return pl.concat(found).sort("_place"), repeated


def _with_ids(narrow: pl.LazyFrame) -> pl.LazyFrame:
    """Every span with a trace id, as `with_trace_ids` gives it."""
    if narrow.select(pl.col("trace_id").is_not_null().all()).collect().item():
        return narrow
    ids = narrow.select("span_id", "trace_id", "parent_span_id").collect()
    return narrow.with_columns(with_trace_ids(ids)["trace_id"])


def _write_spans(folder: Path, heights: list[int], derived: pl.DataFrame) -> None:
    """Each raw file as Parquet with what was worked out; an empty one where there is none."""
    starts = [sum(heights[:n]) for n in range(len(heights) + 1)]
    for n, (start, end) in enumerate(pairwise(starts)):
        raw = folder / f"raw-{n:06}.arrow"
        mine = derived.filter(pl.col("_place") >= start, pl.col("_place") < end)
        frame = pl.scan_ipc(raw).collect()
        if mine.height < frame.height:
            frame = frame[(mine["_place"] - start).to_list()]
        spans = conform(frame.with_columns(mine.drop("_place")).lazy(), SPANS).collect()
        _write(spans, folder / f"spans-{n:06}.parquet")
        raw.unlink()
    if not heights:
        _write(pl.DataFrame(schema=SPANS), folder / "spans-000000.parquet")


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Only the owner may read it: it holds what users said."""
    path.touch(mode=0o600)
    frame.write_parquet(path, compression="zstd", compression_level=1)


def open_parts(folder: Path, source: str) -> Traces:
    """What `write_parts` left; spans are read when they are asked for."""
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in SIDE_TABLES}
    return Traces(
        pl.scan_parquet(folder / "spans-*.parquet"), source=source, on_disk=True, **tables
    )
