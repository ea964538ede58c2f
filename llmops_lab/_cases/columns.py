"""Records of cases as typed columns and back, for Parquet and data sets."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from llmops_lab.errors import ColumnError

Record = dict[str, Any]
_JSON = "_json"


def columns_of(records: Sequence[Record]) -> pl.DataFrame:
    """A row per record. A column whose values are not all texts, all numbers or all lists of
    texts holds them as JSON and is called `<name>_json`."""
    names = dict.fromkeys(name for record in records for name in record)
    columns: dict[str, pl.Series] = {}
    for name in names:
        values = [record.get(name) for record in records]
        dtype = _dtype([value for value in values if value is not None])
        if dtype is None:
            cells = [None if v is None else msgspec.json.encode(v).decode() for v in values]
            columns[f"{name}{_JSON}"] = pl.Series(cells, dtype=pl.String)
        else:
            columns[name] = pl.Series(values, dtype=dtype)
    return pl.DataFrame(columns)


def _dtype(values: Sequence[Any]) -> pl.DataType | None:
    if all(isinstance(value, str) for value in values):
        return pl.String()
    if all(type(value) is int for value in values):
        return pl.Int64()
    if all(type(value) in (int, float) for value in values):
        return pl.Float64()
    if all(isinstance(v, list) and all(isinstance(each, str) for each in v) for v in values):
        return pl.List(pl.String)
    return None


def records_of(frame: pl.DataFrame, columns: Mapping[str, str]) -> list[Record]:
    """A record per row; `columns` names the column of a field that is called otherwise.

    Raises ColumnError for a column that is not there.
    """
    if missing := set(columns.values()) - set(frame.columns):
        raise ColumnError(missing, frame.columns)
    renamed = frame.rename({column: field for field, column in columns.items()})
    return [_record(row) for row in renamed.iter_rows(named=True)]


def _record(row: Mapping[str, Any]) -> Record:
    found: Record = {}
    for name, value in row.items():
        if value is None:
            continue
        if name.endswith(_JSON) and isinstance(value, str):
            found[name.removesuffix(_JSON)] = msgspec.json.decode(value)
        else:
            found[name] = msgspec.to_builtins(value)
    return found
