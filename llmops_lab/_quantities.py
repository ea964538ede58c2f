"""How quantities are written for people: units that fit, three figures, a dash for unknown."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from math import isnan

UNKNOWN = "–"

Number = float | int | None
Writer = Callable[[Number], str]


def _known(value: Number) -> bool:
    return value is not None and not isnan(value)


def seconds(value: Number) -> str:
    """`850 ms`, `1.23 s`, `2 min 05 s`, `3.2 h`."""
    if value is None or isnan(value):
        return UNKNOWN
    size = abs(value)
    if size < 1e-3:
        return f"{_figures(value * 1e6)} µs" if value else "0 s"
    if size < 0.9995:
        return f"{_figures(value * 1e3)} ms"
    if size < 99.95:
        return f"{_figures(value)} s"
    if size < 3599.5:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest:02d} s"
    return f"{_figures(value / 3600)} h"


def dollars(value: Number) -> str:
    """`$0.0012`, `$12.34`, `$12,345`; a minus sign comes first."""
    if value is None or isnan(value):
        return UNKNOWN
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size == 0:
        return "$0"
    if size < 0.995:
        return f"{sign}${_decimals(size, 3 if size >= 0.1 else 2)}"
    return f"{sign}${size:,.2f}" if size < 999.995 else f"{sign}${size:,.0f}"


def percent(value: Number) -> str:
    """`2.3 %` of a share 0.023; small shares keep two figures."""
    if value is None or isnan(value):
        return UNKNOWN
    hundred = 100 * value
    if hundred == 0 or abs(hundred) >= 99.95:
        return f"{hundred:.0f} %"
    return f"{hundred:.1f} %" if abs(hundred) >= 0.95 else f"{_decimals(hundred, 2)} %"


def points(value: Number) -> str:
    """`+2.3` or `−0.4` percentage points of a change in a share."""
    if value is None or isnan(value):
        return UNKNOWN
    return f"{100 * value:+.1f}".replace("-", "−")


def count(value: Number) -> str:
    """`12,345`, and from a million on `1.23 M`."""
    if value is None or isnan(value):
        return UNKNOWN
    for size, unit in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{_figures(value / size)} {unit}"
    return f"{value:,.0f}"


def counted(n: int, thing: str) -> str:
    """`1 call`, `12,345 calls`."""
    return f"{count(n)} {thing}{'' if n == 1 else 's'}"


def moment(iso: str) -> str:
    """`24 Nov 2026 18:35 UTC` of an ISO 8601 time; what is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone(UTC):%d %b %Y %H:%M} UTC"
    except ValueError:
        return iso


def period(start: object, end: object) -> str:
    """`2026-03-02 00:14 to 2026-03-22 22:47 UTC`, of UTC times; empty where none is known."""
    if not isinstance(start, datetime):
        return ""
    last = end if isinstance(end, datetime) else start
    return f"{start:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def day(moment: date) -> str:
    """`9 Mar 2026`."""
    return f"{moment.day} {moment:%b %Y}"


def days(start: date | None, end: date | None) -> str:
    """`2 to 8 Mar 2026`, `28 Feb 2026 to 8 Mar 2026`, `8 Mar 2026`; empty where unknown."""
    if start is None or end is None:
        return ""
    if day(start) == day(end):
        return day(end)
    same_month = (start.year, start.month) == (end.year, end.month)
    return f"{start.day if same_month else day(start)} to {day(end)}"


def interval(low: Number, high: Number, write: Writer) -> str:
    """`1.10–1.31 s`; `from 1.10 s` or `up to 1.31 s` where one bound is unknown, else empty."""
    if _known(low) and _known(high):
        first, last = write(low), write(high)
        number, _, unit = first.partition(" ")
        shared = " " not in unit and unit and last.partition(" ")[2] == unit
        return f"{number if shared else first}–{last}"
    if _known(low):
        return f"from {write(low)}"
    return f"up to {write(high)}" if _known(high) else ""


def _figures(value: float) -> str:
    """Three significant figures, never in exponent form."""
    size = abs(value)
    places = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{value:,.{places}f}"


def _decimals(value: float, figures: int) -> str:
    """So many significant figures of a number below one."""
    from math import floor, log10

    places = min(12, figures - 1 - floor(log10(abs(value))))
    return f"{value:.{places}f}"
