"""A frame looked at by column, like a batch of JSON records."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from llmops_lab.readers._tree import ColumnTree


class TableTree(ColumnTree):
    """A Polars frame as a tree: flat columns stay Polars series, nested ones become objects."""

    def __init__(self, frame: pl.DataFrame, lines: list[int]) -> None:
        super().__init__([])
        self._frame = frame
        self.keys = set(frame.columns)
        self.lines = lines

    def __len__(self) -> int:
        return self._frame.height

    def values(self, key: str) -> list[Any]:
        return self._frame[key].to_list()

    def cells(self, key: str) -> Sequence[Any]:
        self._read.add(key)
        series = self._frame[key]
        nested = series.dtype.is_nested() or series.dtype == pl.Object
        return series.to_list() if nested else series  # pyright: ignore[reportReturnType]

    def unread(self) -> dict[str, Sequence[Any]]:
        known = self._read | self._branches.keys()
        return {key: self.values(key) for key in self._frame.columns if key not in known}
