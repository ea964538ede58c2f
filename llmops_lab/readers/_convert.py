"""Converters: a column of raw values becomes a typed Polars column, or says which rows cannot.

The quick way is one call over the whole column; the lenient way, row by row, is taken only when
a value has the wrong type: "7" and 8.0 are the whole numbers 7 and 8, 8.5 is not one.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from llmops_lab.readers._json import decode, encode, mended

Values = Sequence[Any] | pl.Series


@dataclass(frozen=True)
class Column:
    """A typed column, and row position → reason for the rows that could not be read."""

    series: pl.Series
    problems: Mapping[int, str] = field(default_factory=dict[int, str])


Convert = Callable[[Values], Column]


def one_by_one(values: Values, dtype: pl.DataType, read: Callable[[Any], Any]) -> Column:
    """The lenient way: `read` gives a value, None, or raises ValueError with the reason."""
    problems: dict[int, str] = {}
    cells: list[Any] = []
    for row, value in enumerate(values):
        try:
            cells.append(None if value is None else read(value))
        except (ValueError, OverflowError) as error:
            problems[row] = str(error)
            cells.append(None)
        except (TypeError, AttributeError, KeyError):
            problems[row] = f"cannot be read: {_shown(value)}"
            cells.append(None)
    return Column(pl.Series(cells, dtype=dtype), problems)


def _quick(values: Values, dtype: pl.DataType) -> pl.Series | None:
    if isinstance(values, pl.Series):
        return values.cast(dtype) if values.dtype in (dtype, pl.Null) else None
    try:
        return pl.Series(values, dtype=dtype, strict=True)
    except (TypeError, OverflowError, UnicodeEncodeError, pl.exceptions.PolarsError):
        return None


def text_of(value: Any) -> str | None:
    """Text as it is; a number or flag as JSON writes it; a structure as JSON, byte-exact if raw."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, msgspec.Raw):
        raw = bytes(value)
        if raw[:1] == b'"':
            return decode(raw)
        return None if raw == b"null" else raw.decode("utf-8", "replace")
    return encode(value)


def text(values: Values) -> Column:
    """Text, verbatim."""
    quick = _quick(values, pl.String())
    return Column(quick) if quick is not None else one_by_one(values, pl.String(), _clean_text)


def _clean_text(value: Any) -> str | None:
    found = text_of(value)
    if found is None:
        return None
    return found if found.isascii() else mended(found)


def word(values: Values) -> Column:
    """A name or id: empty text is no name."""
    column = text(values)
    has_empty = (column.series == "").any()
    return Column(column.series.replace("", None), column.problems) if has_empty else column


def whole(values: Values) -> Column:
    """A whole number."""
    if isinstance(values, pl.Series) and values.dtype.is_integer():
        return Column(values.cast(pl.Int64))
    quick = _quick(values, pl.Int64())
    return Column(quick) if quick is not None else one_by_one(values, pl.Int64(), whole_of)


def whole_of(value: Any) -> int | None:
    """The whole number that the value writes; raises ValueError when it is none."""
    if isinstance(value, str):
        if not value.strip() or value.strip().lower() in ("none", "null", "nan"):
            return None
        if re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value):
            return int(value)
        value = number_of(value)
    if isinstance(value, float) and math.isnan(value):  # NaN is how a frame writes a gap
        return None
    if isinstance(value, (int, float)) and value == int(value) and abs(value) < 2**63:
        return int(value)
    raise ValueError(f"{_shown(value)} is not a whole number")


def number(values: Values) -> Column:
    """A number; a gap where it is NaN or infinite."""
    if isinstance(values, pl.Series) and values.dtype.is_numeric():
        series = values.cast(pl.Float64)
    else:
        quick = _quick(values, pl.Float64())
        if quick is None:
            return one_by_one(values, pl.Float64(), number_of)
        series = quick
    if series.is_finite().all():
        return Column(series)
    return Column(series.to_frame("x").select(pl.when(pl.col("x").is_finite()).then("x"))["x"])


def number_of(value: Any) -> float | None:
    """The number that the value writes; raises ValueError when it is none."""
    if isinstance(value, str):
        stripped = value.strip()
        if not stripped or stripped.lower() in ("none", "null", "nan"):
            return None
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", stripped):
            raise ValueError(f"{_shown(value)} is not a number")
        value = float(stripped)
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ValueError(f"{_shown(value)} is not a number")
    found = float(value)
    return found if abs(found) < float("inf") else None


def scaled(factor: float) -> Convert:
    """A number in another unit: `scaled(1e-3)` reads milliseconds as seconds."""

    def convert(values: Values) -> Column:
        column = number(values)
        return Column(column.series * factor, column.problems)

    return convert


def gentle(convert: Convert) -> Convert:
    """The converter with gaps where it would reject: for values no total depends on."""

    def converted(values: Values) -> Column:
        return Column(convert(values).series)

    return converted


def flag(values: Values) -> Column:
    """True or false."""
    quick = _quick(values, pl.Boolean())
    if quick is not None:
        return Column(quick)
    words = {"true": True, "1": True, "false": False, "0": False}
    return one_by_one(values, pl.Boolean(), lambda value: words.get(str(value).lower()))


def words(values: Values) -> Column:
    """A list of texts; one text is a list of one, JSON is read."""
    known: dict[tuple[str, ...], int] = {}  # Polars builds lists row by row; few are distinct
    plain: dict[tuple[Any, ...], int] = {}

    def number_of_list(value: Any) -> int | None:
        found = words_of(value)
        place = None if found is None else known.setdefault(tuple(found), len(known))
        if place is not None and found == value and type(value) is list:
            plain[tuple(value)] = place
        return place

    def quick(value: Any) -> int | None:
        if type(value) is list:
            try:
                place = plain.get(tuple(value))
            except TypeError:
                place = None
            if place is not None:
                return place
        return number_of_list(value)

    column = one_by_one(values, pl.UInt32(), quick)
    distinct = pl.Series([list(each) for each in known], dtype=pl.List(pl.String))
    return Column(distinct.gather(column.series), column.problems)


def words_of(value: Any) -> list[str] | None:
    """The value as a list of texts, or None when it is empty."""
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if isinstance(value, pl.Series):
        value = value.to_list()
    if isinstance(value, str) and value[:1] == "[":
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError):
            value = [value]
    if isinstance(value, (list, tuple)):
        items: Sequence[Any] = value
        return [str(_clean_text(item)) for item in items if item is not None] or None
    return [str(_clean_text(value))] if value != "" else None


def choice(table: Mapping[str, str], otherwise: str | None = None) -> Convert:
    """The canonical word for each of the source's, whatever its case."""

    def convert(values: Values) -> Column:
        if isinstance(values, pl.Series):
            lower = word(values).series.str.to_lowercase()
            return Column(lower.replace_strict(table, default=otherwise, return_dtype=pl.String))
        known: dict[Any, str | None] = {}
        try:
            found = [known[v] if v in known else known.setdefault(v, one(v)) for v in values]
        except TypeError:  # something that is no word
            found = [one(value) for value in values]
        return Column(pl.Series(found, dtype=pl.String))

    def one(value: Any) -> str | None:
        text = _clean_text(value)
        return table.get(text.lower(), otherwise) if text else otherwise

    return convert


def constant(value: str) -> Convert:
    """The same text wherever the source has a value."""

    def convert(values: Values) -> Column:
        there = word(values).series.is_not_null()
        return Column(there.to_frame("x").select(x=pl.when("x").then(pl.lit(value)))["x"])

    return convert


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
