"""Percentiles with intervals that assume no distribution, from sorted values or from counts.

Both ways answer one question, the value at a rank of a group; the rest is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
CONFIDENCE: Final = 0.95
GAMMA: Final = 1.01
"""Buckets grow by this factor: a value read from one is off by at most 0.5 % of itself."""

_LOG_GAMMA: Final = float(np.log(GAMMA))
_ZERO_BUCKET: Final = -(2**31)


class Ordered(Protocol):
    """Values of groups in order: how many each group has, and the one at a rank (from 1).

    `at` gives NaN for a group that has no such rank.
    """

    @property
    def sizes(self) -> Ints: ...

    def at(self, ranks: Ints) -> Floats: ...


@dataclass(frozen=True)
class SortedValues:
    """Every value of every group, group after group, each sorted."""

    values: Floats
    sizes: Ints

    @classmethod
    def from_lists(cls, lists: pl.Series) -> "SortedValues":
        """From one sorted list per group."""
        sizes = lists.list.len().to_numpy().astype(np.int64)
        values = lists.filter(lists.list.len() > 0).explode()
        return cls(values.cast(pl.Float64).to_numpy(), sizes)

    def at(self, ranks: Ints) -> Floats:
        """The value of each group at its rank."""
        there, position = _positions(self.sizes, ranks)
        found = np.full(len(ranks), np.nan)
        found[there] = self.values[position[there] - 1]
        return found


@dataclass(frozen=True)
class BucketCounts:
    """How many values of every group fall into each bucket, group after group, in order."""

    buckets: Ints
    reached: Ints
    sizes: Ints

    @classmethod
    def from_frame(cls, counts: pl.DataFrame, n_groups: int) -> "BucketCounts":
        """From columns `group` (0 … n_groups − 1), `bucket` and `n`; rows of one bucket add up,
        so counts of two files or two machines are merged by putting them below each other."""
        merged = counts.group_by("group", "bucket").agg(pl.col("n").sum()).sort("group", "bucket")
        sizes = np.zeros(n_groups, np.int64)
        np.add.at(sizes, merged["group"].to_numpy(), merged["n"].to_numpy())
        reached = merged["n"].cum_sum().to_numpy().astype(np.int64)
        return cls(merged["bucket"].to_numpy().astype(np.int64), reached, sizes)

    def at(self, ranks: Ints) -> Floats:
        """The middle of the bucket that holds each group's value at its rank."""
        there, position = _positions(self.sizes, ranks)
        bucket = self.buckets[np.searchsorted(self.reached, position[there])]
        found = np.full(len(ranks), np.nan)
        found[there] = np.where(bucket == _ZERO_BUCKET, 0.0, 2 * GAMMA**bucket / (GAMMA + 1))
        return found


def _positions(sizes: Ints, ranks: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Whether each group has its rank, and that rank counted over all groups."""
    return (ranks >= 1) & (ranks <= sizes), np.cumsum(sizes) - sizes + ranks


def bucket_counts(frame: Any, keys: Sequence[str], column: str) -> Any:
    """Counts per group and log bucket of `column`, as columns keys, `bucket` and `n`.

    `frame` is of any kind that narwhals takes (Polars, DuckDB, Spark …); so is the result. Nulls
    are left out; values of 0 and below share one bucket. Source: DDSketch (Masson et al., 2019).
    """
    import narwhals as nw

    value = nw.col(column)
    # Engines that refuse the logarithm of 0 compute it in the branch not taken, too.
    positive = nw.when(value > 0).then(value).otherwise(1.0)
    bucket = nw.when(value > 0).then((positive.log() * (1 / _LOG_GAMMA)).ceil())
    return (
        nw.from_native(frame)
        .filter(~value.is_null())
        .with_columns(bucket=bucket.otherwise(_ZERO_BUCKET).cast(nw.Int64))
        .group_by(*keys, "bucket")
        .agg(n=nw.len())
        .to_native()
    )


def percentiles(ordered: Ordered) -> dict[str, Floats]:
    """Per quantile its value (linear between neighbours), and `_low` and `_high` of its interval.

    NaN where a group is empty or a bound does not exist. The interval runs between two order
    statistics at exact binomial ranks, each tail at most 2.5 %: it holds whatever the
    distribution, if the values are independent. The upper bound of p99 needs 368 values, of
    p95 72, of p90 36. Source: David and Nagaraja, Order Statistics (2003), 7.1.
    """
    found: dict[str, Floats] = {}
    for name, quantile in QUANTILES.items():
        low, high = interval_ranks(ordered.sizes, quantile)
        found[name] = _linear(ordered, quantile)
        found[f"{name}_low"] = ordered.at(low)
        found[f"{name}_high"] = ordered.at(high)
    return found


def interval_ranks(sizes: Ints, quantile: float) -> tuple[Ints, Ints]:
    """Ranks (from 1) of the bounds; below 1 or above the size, the bound does not exist."""
    from scipy.stats import binom

    unique, where = np.unique(sizes, return_inverse=True)
    tail = (1 - CONFIDENCE) / 2
    low = np.asarray(binom.ppf(tail, unique, quantile))
    high = np.asarray(binom.ppf(1 - tail, unique, quantile)) + 1
    return low.astype(np.int64)[where], high.astype(np.int64)[where]


def _linear(ordered: Ordered, quantile: float) -> Floats:
    position = np.maximum(ordered.sizes - 1, 0) * quantile
    below = np.floor(position).astype(np.int64)
    lower = ordered.at(below + 1)
    upper = ordered.at(np.minimum(below + 2, ordered.sizes))
    return lower + (position - below) * (upper - lower)
