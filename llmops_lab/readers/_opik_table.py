"""Opik's CSV: a row per span, the trace's fields before it, nested keys joined by `_`."""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from llmops_lab.readers._json import value_in
from llmops_lab.readers._python_cells import opened_cells

COLUMNS: Final = "trace_id trace_start_time span_id span_trace_id span_start_time"
FIRST: Final = "first_of_trace"
# The fields that hold objects; how deep the keys below them were joined, nobody can tell.
_OBJECTS: Final = ("input", "output", "metadata", "usage", "error_info")


def with_firsts(table: pl.DataFrame) -> pl.DataFrame:
    """The table with its printed lists opened, and a mark on the first row of each trace."""
    if "span_trace_id" not in table.columns:
        return table
    return opened_cells(table).with_columns(pl.col("trace_id").is_first_distinct().alias(FIRST))


def unflattened(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The trace or the span of a row, as it stands in Opik's JSON."""
    found: dict[str, Any] = {}
    for column, cell in row.items():
        if not column.startswith(prefix) or cell in (None, ""):
            continue
        name = column.removeprefix(prefix)
        above = next((o for o in _OBJECTS if name.startswith(f"{o}_")), None)
        if above is None:
            found[name] = value_in(cell)
        else:
            inner = found.setdefault(above, {})
            inner[name.removeprefix(f"{above}_")] = value_in(cell)
    return found
