"""Counts under names that an export's user may choose: the sum over those wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from llmops_lab.readers._convert import Column, Convert, Values
from llmops_lab.readers._json import object_in
from llmops_lab.readers._tree import Tree


@dataclass(frozen=True)
class Buckets:
    """A converter of objects like `{"input": 7, "input_cached": 2}`; null where none is wanted."""

    is_wanted: Callable[[str], bool]
    convert: Convert

    def __call__(self, values: Values) -> Column:
        """The sums of a column of objects."""
        return self.of(Tree([_details(value) for value in values]), len(values))

    def of(self, tree: Tree, height: int) -> Column:
        """The sums where the objects are open already, bucket by bucket over all rows."""
        names = sorted(filter(self.is_wanted, tree.keys))
        columns = [self.convert(tree.values(name)) for name in names]
        if not columns:
            return Column(self.convert([None] * height).series)
        problems = {row: why for column in columns for row, why in column.problems.items()}
        if len(columns) == 1:
            return Column(columns[0].series, problems)
        frame = pl.DataFrame({name: c.series for name, c in zip(names, columns, strict=True)})
        some = pl.any_horizontal(pl.all().is_not_null())
        summed = pl.when(some).then(pl.sum_horizontal(pl.all()))
        return Column(frame.select(x=summed)["x"], problems)


def _details(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):  # a map column of a Parquet file
        return {str(entry["key"]): entry["value"] for entry in value if isinstance(entry, Mapping)}
    return object_in(value)
