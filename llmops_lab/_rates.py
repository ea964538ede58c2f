"""Shares with Wilson intervals."""

from statistics import NormalDist
from typing import Any, Final

import polars as pl


def normal_quantile(probability: float) -> float:
    """The point of the standard normal distribution below which this share lies."""
    return NormalDist().inv_cdf(probability)


_Z: Final = normal_quantile(0.975)


def rate_columns(name: str) -> list[pl.Expr]:
    """`name`, `name_low` and `name_high` from the counts `_<name>_hits` and `<name>_n`.

    A share with its 95 % Wilson interval, 0 … 1; null where nothing was observed.
    """
    hits, n = pl.col(f"_{name}_hits"), pl.col(f"{name}_n")
    below, above = _bounds(hits, n, _Z)
    # At shares of exactly 0 and 1 the bound is the share; rounding must not move it.
    low = pl.when(hits == 0).then(0.0).otherwise(below)
    high = pl.when(hits == n).then(1.0).otherwise(above)
    there = pl.when(n > 0)
    return [
        there.then(hits / n).alias(name),
        there.then(low).alias(f"{name}_low"),
        there.then(high).alias(f"{name}_high"),
    ]


def rate(hits: int, n: int) -> tuple[float, float, float]:
    """One share of more than no observations, and its 95 % Wilson interval."""
    return hits / n, *wilson(hits, n)


def wilson(hits: float, n: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of one share, two-sided; (0, 1) when nothing was observed.

    Counts need not be whole: an effective number of observations is one.
    """
    if n <= 0:
        return 0.0, 1.0
    low, high = _bounds(hits, n, normal_quantile((1 + confidence) / 2))
    return 0.0 if hits == 0 else low, 1.0 if hits == n else high


def _bounds(hits: Any, n: Any, z: float) -> tuple[Any, Any]:
    """Of numbers or of columns alike.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference";
    coverage near the nominal also for few observations and shares near 0.
    """
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return centre - half, centre + half
