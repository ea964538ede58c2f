"""Tables flattened with dots (`inputs.messages`, `summary.usage.gpt-4.1.total_tokens`), nested again."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from llmops_lab.readers._json import encode, value_in

Cut = Callable[[str], Sequence[str]]

_OF_A_MODEL: Final = re.compile(r"(.+?)\.((?:\w+_details|cache_creation)\.\w+|\w+)")


def by_dots(tail: str) -> Sequence[str]:
    """A key per word."""
    return tail.split(".")


def by_model(tail: str) -> Sequence[str]:
    """The model, whose name may hold dots, then what was counted."""
    found = _OF_A_MODEL.fullmatch(tail)
    return [found[1], *found[2].split(".")] if found else [tail]


def nested(frame: pl.DataFrame, heads: Mapping[str, Cut]) -> pl.DataFrame:
    """The table with one column of JSON in place of those that start with each head and a dot.

    Where a row has no object there the cell of the head itself, if there is one, stays.
    """
    for head, cut in heads.items():
        below = [name for name in frame.columns if name.startswith(f"{head}.")]
        if not below:
            continue
        keys = [cut(name.removeprefix(f"{head}.")) for name in below]
        cells = [_object(keys, row) for row in frame.select(below).iter_rows()]
        objects = pl.Series(head, cells, dtype=pl.String)
        itself = frame[head].cast(pl.String) if head in frame.columns else objects
        frame = frame.drop(below).with_columns(objects.zip_with(objects.is_not_null(), itself))
    return frame


def _object(keys: Sequence[Sequence[str]], row: Sequence[Any]) -> str | None:
    found: dict[str, Any] = {}
    for path, cell in zip(keys, row, strict=True):
        if cell is None or cell == "":
            continue
        inner = found
        for key in path[:-1]:
            below = inner.setdefault(key, {})
            inner = below if isinstance(below, dict) else inner
        inner.setdefault(path[-1], value_in(cell))
    return encode(found) if found else None
