"""JSON as tools write it: a strict quick decoder, and a lenient second try."""

import json
from typing import Any

import msgspec

MAX_DEPTH = 200


class UnreadableError(ValueError):
    """A record that cannot be read; the message is the reason a user sees."""


def decode(raw: bytes | msgspec.Raw) -> Any:
    """The value of one JSON text: NaN, lone surrogates and bad UTF-8 are mended on a second try.

    Raises UnreadableError with the reason.
    """
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise UnreadableError("nested too deep") from None
    except (msgspec.DecodeError, UnicodeError):
        return _decode_leniently(bytes(raw))


def _decode_leniently(raw: bytes) -> Any:
    """NaN and infinities become null; what is no Unicode becomes U+FFFD."""
    try:
        value = json.loads(
            raw.decode("utf-8", "replace"), parse_constant=lambda _: None, strict=False
        )
    except RecursionError:
        raise UnreadableError("nested too deep") from None
    except ValueError as error:
        raise UnreadableError(_reason(str(error))) from None
    return mended(value)


def _reason(message: str) -> str:
    place = message.rpartition("(char ")[2].rstrip(")")
    return f"not JSON from character {place} on" if place.isdigit() else f"not JSON: {message}"


def mended(value: Any) -> Any:
    """The value with every lone surrogate replaced by U+FFFD, the mark for unreadable text."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mended(str(key)): mended(item) for key, item in value.items()}
    return value


def object_in(value: Any) -> dict[str, Any] | None:
    """The object that the value is, or that its text holds (tools nest JSON in JSON)."""
    if isinstance(value, dict):
        return value
    inner = value_in(value)
    return inner if isinstance(inner, dict) else None


def value_in(value: Any) -> Any:
    """A list or object written as text, decoded (at most twice); anything else as it is."""
    if isinstance(value, msgspec.Raw):
        value = decode(value)
    for _ in range(2):
        if not isinstance(value, str) or value[:1] not in ("{", "[", '"'):
            return value
        try:
            inner = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return value
        if not isinstance(inner, (dict, list)) and not (
            isinstance(inner, str) and inner[:1] in ("{", "[")
        ):
            return value
        value = inner
    return value


def plain_object(value: Any) -> dict[str, Any]:
    """The object that the value is or holds as text; an empty one otherwise."""
    return object_in(value) or {}


def list_in(value: Any) -> list[Any]:
    """The list that the value is, or that its text holds; [] for anything else."""
    inner = value_in(value)
    return inner if isinstance(inner, list) else []


def encode(value: Any) -> str:
    """Compact JSON; what JSON has no form for is written as text."""
    try:
        return msgspec.json.encode(value, enc_hook=str).decode("utf-8", "replace")
    except (UnicodeEncodeError, TypeError, ValueError):
        return msgspec.json.encode(mended(value), enc_hook=str).decode("utf-8", "replace")
