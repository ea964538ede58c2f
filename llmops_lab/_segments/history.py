"""Which of last week's segments go on in this week's: by the queries that both claim.

This week's queries are assigned to last week's segments. A new segment continues an old one when
they share at least half of the smaller and 30 % of their union (Jaccard); pairs are chosen one to
one for the largest sum (Kuhn 1955, the Hungarian method). What is left over is a part that split
off, an old one that merged into another, something that appeared or something that is gone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from llmops_lab._scan.landmarks import Ints
from llmops_lab._scan.units import Floats

_LEAST_UNION = 0.3
_MOSTLY = 0.5


@dataclass(frozen=True)
class Fate:
    """What became of a segment: `new` and `old` are numbers of this and last week's segments."""

    fate: str
    new: int | None
    old: int | None


def fates(membership: Ints, assigned: Ints, n_new: int, n_old: int) -> list[Fate]:
    """One fate per new segment, in order, then one per old segment that does not go on."""
    shared = overlap(membership, assigned, n_new, n_old)
    of_new, of_old = _parts(shared, membership, n_new), _parts(shared.T, assigned, n_old).T
    partner = _partners(shared, membership, assigned)
    found: list[Fate] = []
    for new in range(n_new):
        source = int(of_new[new].argmax()) if n_old else -1
        if new in partner:
            found.append(Fate("continued", new, partner[new]))
        elif n_old and of_new[new, source] >= _MOSTLY:
            found.append(Fate("split", new, source))
        else:
            found.append(Fate("appeared", new, None))
    for old in sorted(set(range(n_old)) - set(partner.values())):
        into = int(of_old[:, old].argmax()) if n_new else -1
        merged = n_new > 0 and of_old[into, old] >= _MOSTLY
        found.append(Fate("merged" if merged else "disappeared", into if merged else None, old))
    return found


def overlap(membership: Ints, assigned: Ints, n_new: int, n_old: int) -> Floats:
    """How many rows (n_new, n_old) are in both."""
    both = (membership >= 0) & (assigned >= 0)
    pairs = membership[both] * n_old + assigned[both]
    counts = np.bincount(pairs, minlength=n_new * n_old)
    return counts.reshape(n_new, n_old).astype(np.float64)


def _parts(shared: Floats, group: Ints, n: int) -> Floats:
    """What is shared as a part of each group's rows."""
    size = np.bincount(group[group >= 0], minlength=n)[:n]
    return shared / np.maximum(size, 1)[:, None]


def _partners(shared: Floats, membership: Ints, assigned: Ints) -> dict[int, int]:
    from scipy.optimize import linear_sum_assignment

    n_new, n_old = shared.shape
    if not shared.size:
        return {}
    new = np.bincount(membership[membership >= 0], minlength=n_new)[:, None]
    old = np.bincount(assigned[assigned >= 0], minlength=n_old)[None, :]
    union = np.maximum(new + old - shared, 1)
    smaller = np.maximum(np.minimum(new, old), 1)
    fits = (shared / union >= _LEAST_UNION) & (shared / smaller >= _MOSTLY)
    jaccard = np.where(fits, shared / union, 0.0)
    rows, columns = linear_sum_assignment(-jaccard)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if fits[i, j]}


def told(fate: Fate, new: dict[str, Any] | None, old: dict[str, Any] | None) -> dict[str, Any]:
    """A row of `Segments.changes`: fate, id and name of the segment, measures before and now."""
    ended = fate.fate in ("merged", "disappeared")
    own = (old if ended else new) or {}
    other = new if fate.fate == "merged" else old if fate.fate == "split" else None
    before = {} if fate.fate in ("split", "appeared") else old or {}
    now = {} if ended else new or {}
    row = {"fate": fate.fate, "id": own["id"], "name": own["name"]}
    row["other"] = None if other is None else other["name"]
    for name in MEASURES:
        row[f"{name}_before"], row[f"{name}_now"] = before.get(name), now.get(name)
    return row


MEASURES = ("n", "share", "cost_usd_mean", "duration_s_p50", "duration_s_p95", "error_rate")
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("fate", "id", "name", "other"), pl.String),
    **{
        f"{name}_{when}": pl.Int64 if name == "n" else pl.Float64
        for name in MEASURES
        for when in ("before", "now")
    },
}
