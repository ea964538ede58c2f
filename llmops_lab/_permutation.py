"""Is a share different between two windows? Whole units change windows; the largest change counts.

Sources: Westfall and Young 1993 (step-down max-T); Chung and Romano 2013 (why a permuted
statistic is studentised); Williams 1982 (variance of a share when rows of a unit go together).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmops_lab._units import Bools, Floats, Ints, Units

# Shuffles drawn at a time: bounds memory at 64 labels per unit.
_BATCH = 64
# Least variance of a share, as a part of what independent rows would have.
_LEAST_VARIANCE = 0.1


def shuffled_windows(units: Units, n: int, rng: np.random.Generator) -> Iterator[Bools]:
    """Batches (blocks, ≤ 64) of window labels, true for current, `n` in all.

    A unit in both windows swaps them or not; units in one window trade places, within strata.
    """
    baseline = units.paired
    current = units.partner[baseline]
    alone = np.flatnonzero(units.partner < 0)
    places = [alone[units.stratum[alone] == s] for s in np.unique(units.stratum[alone])]
    for start in range(0, n, _BATCH):
        width = min(_BATCH, n - start)
        labels = np.empty((len(units.is_current), width), dtype=np.bool_)
        swap = rng.random((len(baseline), width)) < 0.5
        labels[baseline], labels[current] = swap, ~swap
        for place in places:
            tiled = np.tile(units.is_current[place], (width, 1))
            labels[place] = rng.permuted(tiled, axis=1).T
        yield labels


@dataclass(frozen=True)
class Counts:
    """Rows per block in each of many nodes: `cells` (cells, blocks) sparse, `members`
    (nodes, cells) 0/1; `total` rows per node, `squares` the variance terms of `_moments`."""

    units: Units
    cells: Any
    members: NDArray[np.float32]
    total: Floats
    within: Floats
    across: Floats

    @property
    def share(self) -> Floats:
        return self.total / self.units.n_rows.sum()


def count_rows(units: Units, cell: Ints, members: NDArray[np.float32]) -> Counts:
    """Rows per block and node, from each row's cell and the cells of each node."""
    from scipy import sparse

    shape = (members.shape[1], len(units.n_rows))
    ones = np.ones(len(cell), dtype=np.float32)
    cells = sparse.csr_matrix((ones, (cell, units.block)), shape=shape)
    total = members.astype(np.float64) @ np.asarray(cells.sum(axis=1)).ravel()
    within, across = _moments(units, cells, members, total)
    return Counts(units, cells, members, total, within, across)


def _moments(
    units: Units, cells: Any, members: NDArray[np.float32], total: Floats
) -> tuple[Floats, Floats]:
    """Per node, with r = rows in the node − share × rows: Σ r² over blocks, and Σ r·r' over
    units in both windows."""
    from scipy import sparse

    nodes: Any = sparse.csr_matrix(members) @ cells
    share, size = total / units.n_rows.sum(), units.n_rows.astype(np.float64)
    squares = np.asarray(nodes.multiply(nodes).sum(axis=1)).ravel()
    within = squares - 2 * share * (nodes @ size) + share**2 * (size @ size)
    baseline = units.paired
    current = units.partner[baseline]
    first, second = nodes[:, baseline], nodes[:, current]
    products = np.asarray(first.multiply(second).sum(axis=1)).ravel()
    crossed = first @ size[current] + second @ size[baseline]
    across = products - share * crossed + share**2 * (size[baseline] @ size[current])
    return within, across


def change_of_share(counts: Counts, labels: Bools) -> Floats:
    """Studentised change of share (nodes, labellings) for window labels (blocks, labellings).

    Difference of the shares over its standard error without a change, which counts that the
    rows of one unit go together and that a unit in both windows has the same habits in both.
    """
    size = counts.units.n_rows.astype(np.float64)
    n, squares = size.sum(), float(size @ size)
    n_current, squares_current = size @ labels, (size**2) @ labels
    n_baseline, squares_baseline = n - n_current, squares - squares_current
    share = counts.share[:, None]
    in_cells = counts.cells @ labels.astype(np.float32)
    in_current = (counts.members @ in_cells).astype(np.float64)
    excess = in_current - share * n_current
    change = excess * n / (n_current * n_baseline)
    spread = share * (1 - share)
    together = _togetherness(counts, squares)[:, None]
    independent = 1 / n_current + 1 / n_baseline
    clustered = squares_current / n_current**2 + squares_baseline / n_baseline**2
    variance = spread * ((1 - together) * independent + together * clustered)
    variance -= 2 * counts.across[:, None] / (n_current * n_baseline)
    variance = np.maximum(variance, _LEAST_VARIANCE * spread * independent)
    return change / np.sqrt(np.where(variance > 0, variance, 1))


def _togetherness(counts: Counts, squares: float) -> Floats:
    """The intraclass correlation of node membership within a block, 0 to 1, per node."""
    n = float(counts.units.n_rows.sum())
    spread = counts.share * (1 - counts.share)
    if squares <= n:
        return np.zeros(len(spread))
    excess = counts.within / np.where(spread > 0, spread, 1) - n
    return (excess / (squares - n)).clip(0, 1)


@dataclass(frozen=True)
class ScanResult:
    """Per node: `statistic` (1 is one standard deviation without a change), `p_value` alone
    and `p_adjusted` for having looked at all; `critical` is the largest |statistic| that one
    in 1/alpha scans without change reaches."""

    statistic: Floats
    p_value: Floats
    p_adjusted: Floats
    critical: float


def scan_shares(
    counts: Counts, *, alpha: float = 0.05, n_permutations: int = 999, seed: int = 0
) -> ScanResult:
    """Test every node's change of share at once, by permutation of whole units."""
    rng = np.random.default_rng(seed)
    shuffles = shuffled_windows(counts.units, n_permutations, rng)
    null = np.concatenate([change_of_share(counts, labels) for labels in shuffles], axis=1)
    observed = change_of_share(counts, counts.units.is_current[:, None])[:, 0]
    return step_down(observed, null, alpha=alpha)


def step_down(observed: Floats, null: Floats, *, alpha: float) -> ScanResult:
    """Two-sided step-down max-T; each node is scaled by its own deviation over the shuffles."""
    centre = null.mean(axis=1)
    scale = null.std(axis=1)
    scale = np.where(scale > 0, scale, np.inf)
    statistic = (observed - centre) / scale
    size = np.abs(statistic)
    shuffled = np.abs(null - centre[:, None]) / scale[:, None]
    n = null.shape[1]
    p_value = (1 + (shuffled >= size[:, None]).sum(axis=1)) / (n + 1)
    order = np.argsort(size, kind="stable")
    largest = np.maximum.accumulate(shuffled[order], axis=0)
    beaten = (1 + (largest >= size[order, None]).sum(axis=1)) / (n + 1)
    p_adjusted = np.empty(len(size))
    p_adjusted[order[::-1]] = np.maximum.accumulate(beaten[::-1])
    critical = float(np.quantile(largest[-1], 1 - alpha)) if len(size) else float("inf")
    return ScanResult(statistic, p_value, p_adjusted, critical)


# Normal quantile of 0.8: a change this far beyond the critical value is seen 4 times in 5.
_SEEN_FOUR_IN_FIVE = 0.8416
_GROWING_FROM = 0.02


def smallest_changes(counts: Counts, critical: float) -> tuple[float, float]:
    """Share from which a new segment is seen 4 times in 5, and one that grows from 2 %.

    For a segment whose rows the tree keeps together and whose users behave like the others'.
    """
    size = counts.units.n_rows.astype(np.float64)
    n_current = float(size[counts.units.is_current].sum())
    n_baseline = float(size.sum()) - n_current
    squares = float(size @ size)
    together = float(np.median(_togetherness(counts, squares))) if len(counts.total) else 0.0
    design = 1 + together * (squares / size.sum() - 1)
    share = np.linspace(0.0005, 0.5, 1000)
    seen = [
        _expected(then, share, n_baseline, n_current, design) >= critical + _SEEN_FOUR_IN_FIVE
        for then in (0.0, _GROWING_FROM)
    ]
    new, grown = (share[np.argmax(s & (share > t))] for s, t in zip(seen, (0, 0.02), strict=True))
    return float(new), float(grown)


def _expected(
    then: float, now: Floats, n_baseline: float, n_current: float, design: float
) -> Floats:
    pooled = (then * n_baseline + now * n_current) / (n_baseline + n_current)
    error = pooled * (1 - pooled) * (1 / n_baseline + 1 / n_current) * design
    return (now - then) / np.sqrt(error)
