"""Who made each row: the blocks of rows that a permutation moves whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab.errors import LabError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Units:
    """Rows of two windows, grouped into blocks: one per unit (a user), window and stratum.

    `block` (rows,) numbers each row's block. Per block: `is_current`, `unit`, `stratum`,
    `n_rows`, and `partner`, the block of the same unit in the other window, or -1.
    """

    block: Ints
    is_current: Bools
    unit: Ints
    stratum: Ints
    n_rows: Ints
    partner: Ints

    @property
    def n_units(self) -> int:
        return int(self.unit.max()) + 1 if len(self.unit) else 0

    @property
    def paired(self) -> Ints:
        """Blocks of the baseline whose unit is in both windows."""
        return np.flatnonzero((self.partner >= 0) & ~self.is_current)


def unit_of(columns: Sequence[str], unit: str = "user_id") -> pl.Expr:
    """Who made each row: `unit`, else the conversation, else the trace, else the row itself.

    The id follows the name of the column that it is of, "user_id:u1", so that a user and a
    conversation of one name stay two.
    """
    known = [c for c in dict.fromkeys((unit, "conversation_id", "trace_id")) if c in columns]
    ids = [pl.lit(f"{name}:") + pl.col(name).cast(pl.String) for name in known]
    return pl.coalesce(*ids, pl.int_range(pl.len()).cast(pl.String))


def unit_ids(frame: pl.DataFrame, unit: str) -> NDArray[np.str_]:
    """`unit_of` each row. Raises LabError where there is no column `unit`."""
    if unit not in frame.columns:
        raise LabError(
            f"no column {unit!r} to tell units by; there are: {', '.join(frame.columns)}"
        )
    return frame.select(unit_of(frame.columns, unit)).to_series().to_numpy().astype(str)


def called(unit_id: str) -> str:
    """What people call a unit: the user's id, "conversation c1" where it is one."""
    column, _, value = unit_id.partition(":")
    return value if column == "user_id" else f"{column.removesuffix('_id')} {value}"


def units_of(
    unit: NDArray[np.generic], is_current: Bools, stratum: NDArray[np.generic] | None = None
) -> Units:
    """The blocks of rows that share a unit, a window and a stratum; the order of rows is free."""
    _, unit_number = np.unique(unit, return_inverse=True)
    places = np.zeros(len(unit), dtype=np.int64)
    if stratum is not None:
        _, places = np.unique(stratum, return_inverse=True)
    owner = unit_number * (int(places.max(initial=0)) + 1) + places
    key = owner * 2 + is_current
    blocks, first, block, n_rows = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    other = np.searchsorted(blocks, blocks ^ 1).clip(max=len(blocks) - 1)
    partner = np.where(blocks[other] == (blocks ^ 1), other, -1) if len(blocks) else blocks
    return Units(block, blocks % 2 == 1, unit_number[first], places[first], n_rows, partner)


def resampled_units(n_units: int, n: int, rng: np.random.Generator) -> Floats:
    """Bootstrap weights (n, n_units): how often each unit is drawn when units are resampled."""
    return rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=n).astype(np.float64)


_MOST_BAGS = 4000


def bags_of(n_units: int, rng: np.random.Generator) -> Ints:
    """The bag of each unit, at most 4,000 bags drawn at random, to be resampled in their place.

    Weights of 100,000 units would fill 0.8 GB; bags of independent units are independent too.
    """
    return rng.permutation(n_units) % min(n_units, _MOST_BAGS)
