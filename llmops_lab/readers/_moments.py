"""Moments: every way the tools write a time, as whole nanoseconds since 1970 UTC."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl

from llmops_lab.readers._convert import Column, Convert, Values, one_by_one

_PER = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_WITH_FRACTION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{1,9})Z")
_SECOND = "%Y-%m-%dT%H:%M:%S"
_FORMAT = "%Y-%m-%dT%H:%M:%S%.f%#z"


def moment(unit: str = "ms") -> Convert:
    """Times as ISO text (without a zone: UTC), or as a number in `unit`; "any" goes by size."""

    def convert(values: Values) -> Column:
        series = values if isinstance(values, pl.Series) else _series(values)
        if series is not None and isinstance(series.dtype, pl.Datetime):
            return Column(series.cast(pl.Datetime("ns")).cast(pl.Int64))
        if series is not None and series.dtype == pl.String:
            quick = _counted(series, unit)
            if quick is None:
                quick = _uniform(series)
            if quick is not None:
                return Column(quick)
            quick = _iso(series)
            if quick.null_count() == series.null_count():
                return Column(quick)
        if series is not None and series.dtype == pl.Int64 and unit in _PER and _fits(series, unit):
            return Column(series * _PER[unit])
        return one_by_one(values, pl.Int64(), _reader(unit))

    return convert


_END_OF_TIME = 2**63  # nanoseconds since 1970 in 64 bits


def _counted(series: pl.Series, unit: str) -> pl.Series | None:
    """Whole numbers that are written as text; None if any is something else."""
    numbers = series.cast(pl.Int64, strict=False) if unit in _PER else None
    if numbers is None or numbers.null_count() > series.null_count() or not _fits(numbers, unit):
        return None
    return numbers * _PER[unit]


def _fits(series: pl.Series, unit: str) -> bool:
    ends = [end for end in (series.min(), series.max()) if isinstance(end, int)]
    return all(abs(end) < 2**63 // _PER[unit] for end in ends)


def _series(values: Any) -> pl.Series | None:
    try:
        return pl.Series(values, strict=True)
    except (TypeError, OverflowError, UnicodeEncodeError, pl.exceptions.PolarsError):
        return None


def _uniform(series: pl.Series) -> pl.Series | None:
    """Times that are all written like the first, in UTC with a fraction; None if they are not."""
    first = _WITH_FRACTION.fullmatch(str(series.drop_nulls().first()))
    if not first:
        return None
    n = len(first[1])
    written, fraction = pl.col("x"), pl.col("x").str.slice(20, n).cast(pl.Int64, strict=False)
    second = written.str.slice(0, 19).str.to_datetime(_SECOND, time_unit="ns", strict=False)
    found = series.to_frame("x").select(
        ns=second.cast(pl.Int64) + fraction * 10 ** (9 - n),
        is_alike=written.str.slice(19).str.contains(rf"^\.\d{{{n}}}Z$") & _in_range(written),
    )
    is_whole = found["ns"].null_count() == series.null_count() and found["is_alike"].all()
    return found["ns"] if is_whole else None


def _in_range(written: pl.Expr) -> pl.Expr:
    """Whether 64 bits hold the year in nanoseconds; Polars turns 9999 into a time long ago."""
    return written.str.slice(0, 4).is_between(pl.lit("1678"), pl.lit("2261"))


def _iso(series: pl.Series) -> pl.Series:
    written = pl.col("x").str.strip_chars('" ').str.replace(" ", "T", literal=True)
    written = pl.when(_in_range(written)).then(written)
    zoned = pl.when(written.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")).then(written)
    parsed = zoned.otherwise(written + "Z").str.to_datetime(_FORMAT, time_unit="ns", strict=False)
    return series.to_frame("x").select(parsed.cast(pl.Int64))["x"]


def _reader(unit: str) -> Callable[[Any], int | None]:
    def checked(value: Any) -> int | None:
        moment_ns = read(value)
        if moment_ns is not None and abs(moment_ns) >= _END_OF_TIME:
            raise ValueError(f"{str(value)[:40]!r} is no time between the years 1677 and 2262")
        return moment_ns

    def read(value: Any) -> int | None:
        if isinstance(value, datetime):
            return _from_datetime(value)
        if isinstance(value, str):
            stripped = value.strip('" ')
            if not stripped or stripped.lower() in ("none", "null", "nat"):
                return None
            found = _TEXT.fullmatch(stripped)
            return _from_text(*found.groups()) if found else _from_number(stripped, unit)
        if isinstance(value, list):
            seconds, nanoseconds = value  # how OTel JS writes a time
            return int(seconds) * _PER["s"] + int(nanoseconds)
        return _from_number(value, unit)

    return checked


def _from_datetime(value: datetime) -> int:
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _PER["s"] + since.microseconds * 1_000


def _from_text(day: str, clock: str | None, fraction: str | None, zone: str | None) -> int:
    clock = clock or "00:00"
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    offset = "+00:00" if zone is None or zone.upper() in ("Z", "UTC") else zone
    whole = _from_datetime(datetime.fromisoformat(f"{day}T{clock}{offset}"))
    return whole + int((fraction or "0")[:9].ljust(9, "0"))


def _from_number(value: Any, unit: str) -> int:
    """Whole numbers stay whole; a fraction is kept to the nanosecond through its decimal text."""
    if isinstance(value, bool):
        raise ValueError(f"{value} is not a time")  # noqa: TRY004
    digits = repr(value) if isinstance(value, float) else str(value)
    found = re.fullmatch(r"([+-]?\d+)(?:\.(\d+))?", digits)
    if not found:
        found = re.fullmatch(r"([+-]?\d+)(?:\.(\d+))?", _plain(digits))
    if not found:
        raise ValueError(f"{digits[:40]!r} is not a time")
    per = _PER[_unit_by_size(int(found[1])) if unit == "any" else unit]
    part = int((found[2] or "0")[:9].ljust(9, "0")) * per // _PER["s"]
    return int(found[1]) * per + part


def _plain(digits: str) -> str:
    from decimal import Decimal, InvalidOperation

    try:
        return format(Decimal(digits), "f") if len(digits) < 40 else digits
    except InvalidOperation:
        return digits


def _unit_by_size(value: int) -> str:
    """1e9 is seconds, 1e12 milliseconds, 1e15 microseconds, 1e18 nanoseconds."""
    size = abs(value)
    return "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"
