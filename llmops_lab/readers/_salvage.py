"""What can still be read of a JSON array with a broken element: all others, and the broken one.

A broken element is kept as its bytes, so that it becomes a rejection like any line that cannot
be read; where the next element starts is found by commas and brackets, else by the keys that
its siblings have.
"""

import json
import re
from collections import Counter
from typing import Any

import msgspec

from llmops_lab.readers._json import mended

_SPACE = re.compile(r"[ \t\r\n]*")
_NEXT = re.compile(r",\s*(?=\{)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_LOOK = 50
_CLOSES = {"[": "]", "{": "}"}
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)


class Salvaged(dict[str, Any]):
    """An object around an array that has broken elements; what follows them may be lost."""


def salvaged(data: bytes) -> list[Any] | Salvaged | None:
    """The array, or the object around an array, with broken elements as raw bytes.

    None when it is neither, or when nothing in it can be read.
    """
    text = data.decode("utf-8", "replace").strip()
    found = _array(text, 0)[0] if text[:1] == "[" else _envelope(text) if text[:1] == "{" else None
    items = [found] if isinstance(found, list) else found.values() if found else ()
    whole = any(
        isinstance(item, dict) for items in items if isinstance(items, list) for item in items
    )
    return found if whole else None


def _envelope(text: str) -> Salvaged | None:
    """An object, read key by key until one that cannot be read."""
    found = Salvaged()
    place = _skipped(text, 1)
    while text[place : place + 1] == '"':
        try:
            key, place = _DECODER.raw_decode(text, place)
            place = _skipped(text, place)
            if text[place : place + 1] != ":":
                break
            found[key], place = _value(text, _skipped(text, place + 1))
        except (ValueError, RecursionError):
            break
        place = _skipped(text, place)
        if text[place : place + 1] != ",":
            break
        place = _skipped(text, place + 1)
    return found or None


def _value(text: str, place: int) -> tuple[Any, int]:
    """The value there and where it ends; an array may hold broken elements."""
    try:
        value, end = _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        if text[place : place + 1] != "[":
            raise
        return _array(text, place)
    return mended(value), end


def _array(text: str, place: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    place = _skipped(text, place + 1)
    while place < len(text) and text[place] != "]":
        end = _end_of_value(text, place)
        if end is None:
            end = _end_of_broken(text, place, _keys(items) or _usual_keys(text, place))
            items.append(msgspec.Raw(text[place:end].strip().encode()))
        else:
            items.append(mended(_DECODER.raw_decode(text, place)[0]))
        place = _skipped(text, end)
        place = _skipped(text, place + 1) if text[place : place + 1] == "," else place
    return items, place + 1


def _end_of_value(text: str, place: int) -> int | None:
    """Where a readable element ends; None when it is broken or nothing sound follows it."""
    try:
        _, end = _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None
    after = _skipped(text, end)
    return end if text[after : after + 1] in ("]", ",") else None


def _end_of_broken(text: str, place: int, siblings: frozenset[str]) -> int:
    """Where the broken element that starts here ends: before a comma, a bracket or the end."""
    balanced = _balanced(text, place)
    if balanced is not None and _object_after(text, balanced) is not None:
        return balanced
    for found in _NEXT.finditer(text, place):
        item = _object_after(text, found.start())
        if item and 2 * len(siblings & item.keys()) >= len(siblings):
            return found.start()
    is_last = balanced is not None and text[balanced] == "]"
    return balanced if is_last and balanced is not None else len(text)


def _object_after(text: str, comma: int) -> dict[str, Any] | None:
    """The object after a comma, if it is sound and another or the end follows."""
    place = _skipped(text, comma + 1)
    if text[comma] != "," or text[place : place + 1] != "{":
        return None
    end = _end_of_value(text, place)
    return None if end is None else _DECODER.raw_decode(text, place)[0]


def _usual_keys(text: str, place: int) -> frozenset[str]:
    """The keys that most of the objects from here on have, those inside others left out."""
    counts: Counter[frozenset[str]] = Counter()
    found = _NEXT.search(text, place)
    while found and counts.total() < _LOOK:
        item = _object_after(text, found.start())
        end = found.end()
        if item is not None:
            counts[frozenset(item)] += 1
            end = _end_of_value(text, found.end()) or end
        found = _NEXT.search(text, end)
    return counts.most_common(1)[0][0] if counts else frozenset()


def _balanced(text: str, place: int) -> int | None:
    """Where the comma or bracket is that ends the element, if its quotes and brackets match."""
    open_ones: list[str] = []
    for token in _TOKEN.finditer(text, place):
        mark = token[0][0]
        if mark in _CLOSES:
            open_ones.append(_CLOSES[mark])
        elif mark in ",]" and not open_ones:
            return token.start()
        elif mark in "]}" and (not open_ones or open_ones.pop() != mark):
            return None
    return None


def _keys(items: list[Any]) -> frozenset[str]:
    last = next((item for item in reversed(items) if isinstance(item, dict)), None)
    return frozenset(last or ())


def _skipped(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
