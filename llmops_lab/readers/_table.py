"""A frame looked at by column, like a batch of JSON records."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from llmops_lab.readers._tree import Tree


class TableTree(Tree):
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

    def rests(self) -> list[dict[str, Any] | None]:
        left: list[dict[str, Any] | None] = [{} for _ in self.lines]
        for key in self._frame.columns:
            if key not in self._read and key not in self._branches:
                for here, value in zip(left, self.values(key), strict=True):
                    if value is not None and here is not None:
                        here[key] = value
        return self._with_branches(left)

    def has(self, row: int) -> bool:
        return True
