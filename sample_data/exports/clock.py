"""Times as the tools print them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_ms(micros: int) -> str:
    """ISO 8601 with milliseconds and Z; what is finer is cut off."""
    return _stamp(micros).isoformat(timespec="milliseconds") + "Z"


def iso_seconds(micros: int) -> str:
    """ISO 8601 in whole seconds with the offset."""
    return _stamp(micros).isoformat(timespec="seconds") + "+00:00"


def iso_us_naive(micros: int) -> str:
    """ISO 8601 with microseconds and no zone."""
    return _stamp(micros).isoformat(timespec="microseconds")


def compact_us(micros: int) -> str:
    """The digits that LangSmith's dotted orders begin with."""
    return _stamp(micros).strftime("%Y%m%dT%H%M%S%f")


def _stamp(micros: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=micros)).replace(tzinfo=None)
