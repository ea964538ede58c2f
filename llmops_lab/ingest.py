"""Reading traces: any export, one schema."""

import ctypes
import gc
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmops_lab._ingest.cache import Wanted, cached_traces
from llmops_lab._ingest.one_file import read_all
from llmops_lab._ingest.whole import as_traces, cuts, warn_of_cuts
from llmops_lab.pricing import Price
from llmops_lab.readers._mapped import mapped_reader
from llmops_lab.readers._sources import contents
from llmops_lab.traces import Traces


def read_traces(
    source: Any,
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    prices: Mapping[str, Price] | None = None,
    cache: str | Path | bool = False,
) -> Traces:
    """Traces from any export in one schema; the format is found from the keys.

    `source` is a path, glob, folder or a list of them, an address (s3://, gs://, https://,
    hf://datasets/owner/name), bytes, open file, data frame (Polars, pandas, Arrow), Dataset, or
    a list of dicts; gzip and zstd are undone. `format` names a reader
    where the keys leave doubt; `mapping` reads any table: canonical column → its column
    ({"input_text": "question"}).
    `prices` are your own by model and win over the price list (see `price_traces`).
    `cache` keeps what was read as Parquet, so that the next read of the same bytes takes a
    moment, and reads files larger than memory: True for your cache folder, or a folder. It holds
    the texts as they are, for you alone; `clear_cache` deletes it.
    What cannot be read is in `.rejected` (source_file, line, reason), a whole file with a null
    line. Raises FormatError when no file can be read.
    """
    with _without_collector():
        if cache:
            return cached_traces(source, cache, Wanted(format, mapping, prices))
        ad_hoc = mapped_reader(mapping) if mapping else None
        parts = list(read_all(contents(source), format, ad_hoc))
        warn_of_cuts(cuts(parts))
        _give_back_freed()
        return as_traces(parts, _named(source), prices)


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


def _give_back_freed() -> None:
    """Leave to Polars what the texts of blocks took; glibc keeps some 60 MB of it for Python."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim:
            trim(0)


def _named(source: Any) -> str:
    return str(source) if isinstance(source, (str, Path)) else "memory"
