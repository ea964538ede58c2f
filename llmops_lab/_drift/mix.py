"""Why did a metric change: other queries, or other answers to the same queries?

Source: Kitagawa 1955 (components of a difference between two rates).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from llmops_lab._drift.comparison import Comparison
from llmops_lab._scan.units import Bools, Floats, Ints

SCHEMA = {
    "metric": pl.String,
    "segment": pl.Int64,
    "share_baseline": pl.Float64,
    "share_current": pl.Float64,
    "mean_baseline": pl.Float64,
    "mean_current": pl.Float64,
    "mix": pl.Float64,
    "rate": pl.Float64,
}


@dataclass(frozen=True)
class Parts:
    """Per group, baseline first: `share` and `mean` (2, groups), and what its change of share
    (`mix`) and of its own mean (`rate`) add to the change of the mean over all."""

    share: Floats
    mean: Floats
    mix: Floats
    rate: Floats


def mix_and_rate(values: Floats, is_current: Bools, group: Ints) -> Parts:
    """Split the change of the mean of `values` over the groups 0, 1, …, exactly.

    mix = Δshare · (mean of both windows in the group − mean of both windows over all),
    rate = mean of both shares · Δmean; Σ mix + Σ rate = the change. A group that is missing from
    one window has no change of its own: all it adds is mix. Rows with NaN are left out.
    """
    n_groups = int(group.max()) + 1
    share, mean = np.zeros((2, n_groups)), np.full((2, n_groups), np.nan)
    known = ~np.isnan(values)
    for window, there in enumerate((known & ~is_current, known & is_current)):
        n = np.bincount(group[there], minlength=n_groups).astype(np.float64)
        total = np.bincount(group[there], values[there], n_groups)
        share[window] = n / n.sum()
        mean[window, n > 0] = total[n > 0] / n[n > 0]
    seen = np.where(np.isnan(mean), mean[::-1], mean)
    seen = np.where(np.isnan(seen), 0.0, seen)
    overall = float((share * seen).sum()) / 2
    mix = (share[1] - share[0]) * (seen.mean(axis=0) - overall)
    return Parts(share, mean, mix, share.mean(axis=0) * (seen[1] - seen[0]))


def decomposition(both: Comparison, membership: Ints, values: dict[str, Floats]) -> pl.DataFrame:
    """A row per metric and segment, then one for all other queries (segment null).

    `mix` and `rate` of a metric sum exactly to the change of its mean over all queries.
    """
    rest = int(membership.max(initial=-1)) + 1
    group = np.where(membership < 0, rest, membership)
    tables = [pl.DataFrame(schema=SCHEMA)]
    for name, value in values.items():
        known = ~np.isnan(value)
        if not (known & both.is_current).any() or not (known & ~both.is_current).any():
            continue
        parts = mix_and_rate(value, both.is_current, group)
        numbers = np.arange(len(parts.mix))
        table = {
            "metric": [name] * len(numbers),
            "segment": [None if g == rest else g for g in numbers.tolist()],
            **{f"share_{w}": parts.share[i] for i, w in enumerate(("baseline", "current"))},
            **{f"mean_{w}": parts.mean[i] for i, w in enumerate(("baseline", "current"))},
            "mix": parts.mix,
            "rate": parts.rate,
        }
        tables.append(pl.DataFrame(table, schema=SCHEMA, nan_to_null=True))
    return pl.concat(tables)
