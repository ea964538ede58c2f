"""Is a share different between two windows? Whole units change windows; the largest change counts.

Sources: Westfall and Young 1993 (step-down max-T); Chung and Romano 2013 (why a permuted
statistic is studentised); Cameron and Miller 2015 (cluster-robust variance).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmops_lab._scan.units import Bools, Floats, Ints, Units

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
    (nodes, cells) 0/1, `total` rows per node.

    `together` (nodes, blocks) sparse is what rows of one block add to the variance of a share
    beyond independent rows; `across` the same for the two windows of one unit.
    """

    units: Units
    cells: Any
    members: NDArray[np.float32]
    total: Floats
    together: Any
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
    share = total / len(cell)
    nodes: Any = sparse.csr_matrix(members)
    baseline = units.paired
    return Counts(
        units,
        cells,
        members,
        total,
        _together(nodes, cells, units, share),
        _across(
            nodes @ cells[:, baseline], nodes @ cells[:, units.partner[baseline]], units, share
        ),
    )


def _together(nodes: Any, cells: Any, units: Units, share: Floats) -> Any:
    """k² − k − 2·share·k·(n − 1) for k of a block's n rows in the node; none for single rows."""
    from scipy import sparse

    several = (units.n_rows > 1).astype(np.float32)
    k = (nodes @ (cells @ sparse.diags(several))).tocsr()
    k.eliminate_zeros()
    node = np.repeat(np.arange(k.shape[0]), np.diff(k.indptr))
    n = units.n_rows[k.indices]
    k.data = (k.data**2 - k.data - 2 * share[node] * k.data * (n - 1)).astype(np.float32)
    return k


def _across(then: Any, now: Any, units: Units, share: Floats) -> Floats:
    """Σ r·r' over units in both windows, with r = rows in the node − share × rows."""
    baseline = units.paired
    n_then, n_now = (
        units.n_rows[b].astype(np.float64) for b in (baseline, units.partner[baseline])
    )
    products = np.asarray(then.multiply(now).sum(axis=1)).ravel()
    return products - share * (then @ n_now + now @ n_then) + share**2 * (n_then @ n_now)


def change_of_share(counts: Counts, labels: Bools) -> Floats:
    """Studentised change of share (nodes, labellings) for window labels (blocks, labellings).

    Difference of the shares over its standard error. Where every row is a unit of its own the
    error is that of two proportions; else it is estimated from the blocks of each window
    (cluster-robust), less what both windows of one unit have in common.
    """
    size = counts.units.n_rows.astype(np.float64)
    n = size.sum()
    now = size @ labels
    then = n - now
    share = counts.share[:, None]
    numbers = labels.astype(np.float32)
    inside = (counts.members @ (counts.cells @ numbers)).astype(np.float64)
    change = (inside - share * now) * n / (now * then)
    independent = share * (1 - share) * (1 / now + 1 / then)
    if len(size) == n:
        return change / np.sqrt(np.where(independent > 0, independent, 1))
    squares = _squares(counts, inside, numbers)
    everything = _squares(counts, counts.total[:, None], np.ones((len(size), 1), np.float32))
    variance = squares / now**2 + (everything - squares) / then**2
    variance -= 2 * counts.across[:, None] / (now * then)
    variance = np.maximum(variance, _LEAST_VARIANCE * independent)
    return change / np.sqrt(np.where(variance > 0, variance, 1))


def _squares(counts: Counts, inside: Floats, labels: NDArray[np.float32]) -> Floats:
    """Σ r² over the labelled blocks, with r = rows in the node − share × rows."""
    share = counts.share[:, None]
    size = counts.units.n_rows.astype(np.float64)
    return (1 - 2 * share) * inside + counts.together @ labels + share**2 * (size**2 @ labels)


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


def explore_shares(
    counts: Counts, *, level: float = 0.05, n_permutations: int = 4999, seed: int = 0
) -> ScanResult:
    """As `scan_shares`, but of the nodes with `p_adjusted` up to `level` about that share may be
    chance: false discovery rate instead of family-wise error.

    Nodes of one tree hang together positively, for which the method holds. Source: Benjamini and
    Hochberg 1995; Benjamini and Yekutieli 2001 (positive dependence).
    """
    from scipy.stats import false_discovery_control

    found = scan_shares(counts, alpha=level, n_permutations=n_permutations, seed=seed)
    if not len(found.p_value):
        return found
    return replace(found, p_adjusted=false_discovery_control(found.p_value))


def step_down(
    observed: Floats, null: Floats, *, alpha: float, only_more: bool = False
) -> ScanResult:
    """Step-down max-T; each node is scaled by its own mean and deviation over the shuffles.

    Two-sided, or with `only_more` a test of increases alone.
    """
    centre = null.mean(axis=1)
    scale = null.std(axis=1)
    scale = np.where(scale > 0, scale, np.inf)
    statistic = (observed - centre) / scale
    shuffled = (null - centre[:, None]) / scale[:, None]
    size = statistic if only_more else np.abs(statistic)
    shuffled = shuffled if only_more else np.abs(shuffled)
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
# Shares that a segment grows from: new, or 2 % already.
_STARTS = (0.0, 0.02)


def smallest_changes(counts: Counts, critical: float) -> tuple[float | None, float | None]:
    """Share from which a new segment is seen 4 times in 5, and one that grows from 2 %.

    For a segment whose rows the tree keeps together and whose users behave like the others'.
    None where not even half of all rows would be seen.
    """
    now = counts.units.is_current[:, None]
    size = counts.units.n_rows.astype(np.float64)
    n_current = float((size @ now)[0])
    n_baseline = float(size.sum()) - n_current
    design = _design_effect(counts)
    share = np.linspace(0.0005, 0.5, 1000)
    found: list[float | None] = []
    for then in _STARTS:
        expected = _expected(then, share, n_baseline, n_current, design)
        seen = share[(share > then) & (expected >= critical + _SEEN_FOUR_IN_FIVE)]
        found.append(float(seen[0]) if len(seen) else None)
    return found[0], found[1]


def _design_effect(counts: Counts) -> float:
    """How much the variance of a share exceeds that of independent rows: median over nodes."""
    if not len(counts.total):
        return 1.0
    blocks = np.ones((len(counts.units.n_rows), 1), dtype=np.float32)
    clustered = _squares(counts, counts.total[:, None], blocks)[:, 0]
    independent = counts.total * (1 - counts.share)
    return max(1.0, float(np.median(clustered / independent)))


def _expected(
    then: float, now: Floats, n_baseline: float, n_current: float, design: float
) -> Floats:
    pooled = (then * n_baseline + now * n_current) / (n_baseline + n_current)
    error = pooled * (1 - pooled) * (1 / n_baseline + 1 / n_current) * design
    return (now - then) / np.sqrt(error)
