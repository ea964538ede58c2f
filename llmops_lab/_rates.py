"""Shares with Wilson intervals."""

from typing import Final

import polars as pl

_Z: Final = 1.959963984540054  # the normal distribution's 97.5 % quantile


def rate_columns(name: str) -> list[pl.Expr]:
    """`name`, `name_low` and `name_high` from the counts `_<name>_hits` and `<name>_n`.

    A share with its 95 % Wilson interval, 0 … 1; null where nothing was observed.
    Source: Wilson (1927); coverage near 95 % also for few observations and shares near 0.
    """
    hits, n = pl.col(f"_{name}_hits"), pl.col(f"{name}_n")
    share = hits / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * (share * (1 - share) / n + _Z**2 / (4 * n**2)).sqrt()
    # At shares of exactly 0 and 1 the bound is the share; rounding must not move it.
    low = pl.when(hits == 0).then(0.0).otherwise(centre - half)
    high = pl.when(hits == n).then(1.0).otherwise(centre + half)
    there = pl.when(n > 0)
    return [
        there.then(share).alias(name),
        there.then(low).alias(f"{name}_low"),
        there.then(high).alias(f"{name}_high"),
    ]


def rate(hits: int, n: int) -> tuple[float, float, float]:
    """One share of more than no observations, and its 95 % Wilson interval."""
    counts = pl.DataFrame({"_rate_hits": [hits], "rate_n": [n]})
    return counts.select(rate_columns("rate")).row(0)
