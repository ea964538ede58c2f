"""Candidate segments: the nodes of a tree over all rows, blind to which window a row is of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmops_lab._scan.units import Bools, Ints, Units

_DIMENSIONS = 32
_MOST_LEAVES = 1500
# Up to here the rows themselves are the leaves: better than micro-clusters, and as quick.
_MOST_SINGLE_ROWS = 4500
_SMALLEST_ROWS = 8
_SMALLEST_SHARE = 0.005
LARGEST_SHARE = 0.1


@dataclass(frozen=True)
class Nodes:
    """Groups of rows: `cell` (rows,) numbers each row's cell, `members` (nodes, cells) is 1
    where a cell belongs to a node."""

    cell: Ints
    members: NDArray[np.float32]

    def __len__(self) -> int:
        return self.members.shape[0]

    def rows(self, node: int) -> Bools:
        """Which rows the node holds."""
        return self.members[node, self.cell] > 0

    def up_to(self, share: float) -> "Nodes":
        """The nodes that hold at most this share of the rows."""
        return Nodes(self.cell, self.members[self.sizes <= share * len(self.cell)])

    @property
    def sizes(self) -> NDArray[np.float32]:
        return self.members @ np.bincount(self.cell, minlength=self.members.shape[1])


def principal_axes(matrix: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float32]:
    """The first 32 principal axes (rows, ≤ 32): what the tree is grown on."""
    from sklearn.decomposition import PCA

    n = min(_DIMENSIONS, *matrix.shape)
    model = PCA(n, svd_solver="covariance_eigh", random_state=seed)
    return model.fit_transform(matrix).astype(np.float32)


def candidate_nodes(
    axes: NDArray[np.float32], *, seed: int = 0, largest: float = LARGEST_SHARE
) -> Nodes:
    """Nodes of a Ward tree and of an average-linkage tree that hold from 8 rows (or 0.5 %) to
    10 % (or `largest`) of the rows. The order of the rows does not matter.

    The two trees err differently: together they find a tenth more of planted changes than
    either (benchmarks/drift.py), and one max-T covers both.
    """
    from scipy.cluster import hierarchy

    if len(axes) < 2 * _SMALLEST_ROWS:
        empty = np.zeros((0, 1), dtype=np.float32)
        return Nodes(np.zeros(len(axes), dtype=np.int64), empty)
    order = np.lexsort(axes[:, : min(4, axes.shape[1])].T)
    leaf = np.empty(len(axes), dtype=np.int64)
    leaf[order], centres = _leaves(axes[order], seed)
    length = np.linalg.norm(centres, axis=1, keepdims=True)
    turned = centres / np.where(length > 0, length, 1)
    trees = [hierarchy.linkage(centres, "ward"), hierarchy.linkage(turned, "average")]
    nodes = [sized_nodes(leaf, tree, largest=largest) for tree in trees]
    return Nodes(leaf, _without_repeats(np.concatenate([tree.members for tree in nodes])))


def _without_repeats(members: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each group of cells once. Cells get random whole numbers, and equal sums are equal groups:
    a sort of the groups themselves takes longer than the trees."""
    number = np.random.default_rng(0).integers(1, 2**40, members.shape[1]).astype(np.float64)
    _, first = np.unique(members @ number, return_index=True)
    return members[first]


def sized_nodes(
    leaf: Ints, merges: NDArray[np.float64], *, largest: float = LARGEST_SHARE
) -> Nodes:
    """The leaves and merges of a tree (scipy's linkage form) that are of reportable size."""
    sizes = np.bincount(leaf, minlength=len(merges) + 1)
    least = max(_SMALLEST_ROWS, _SMALLEST_SHARE * len(leaf))
    most = max(largest * len(leaf), 2 * _SMALLEST_ROWS)
    groups: list[list[int]] = [[i] for i in range(len(sizes))]
    totals = list(sizes)
    for left, right in merges[:, :2].astype(int):
        groups.append(groups[left] + groups[right] if totals[left] + totals[right] <= most else [])
        totals.append(totals[left] + totals[right])
    kept = [
        group
        for group, total in zip(groups, totals, strict=True)
        if group and least <= total <= most
    ]
    members = np.zeros((len(kept), len(sizes)), dtype=np.float32)
    for node, group in enumerate(kept):
        members[node, group] = 1
    return Nodes(leaf, members)


def _leaves(axes: NDArray[np.float32], seed: int) -> tuple[Ints, NDArray[np.float64]]:
    """The rows themselves, or at most 1,500 micro-clusters of them, and their centres."""
    if len(axes) <= _MOST_SINGLE_ROWS:
        return np.arange(len(axes)), axes.astype(np.float64)
    from sklearn.cluster import MiniBatchKMeans

    n_leaves = min(_MOST_LEAVES, len(axes) // 8)
    model = MiniBatchKMeans(n_leaves, random_state=seed, batch_size=4096, max_iter=20)
    # Seeding on all that sklearn would take costs more than the clustering, and betters nothing.
    model.set_params(n_init=1, init_size=3 * n_leaves)
    leaf = model.fit_predict(axes)
    return leaf.astype(np.int64), np.asarray(model.cluster_centers_, dtype=np.float64)


def topics(axes: NDArray[np.float32], units: Units, *, seed: int = 0) -> Ints:
    """A coarse topic per row: at most 100 seeded k-means groups, whatever the order of rows.

    What all of current has moved by is taken out first, so that people who write differently
    about the same thing stay in its topic. Each half of the units is grouped without the way
    that the other half has moved: topics that knew the labels of their own rows would leave
    them a trace, and tests that set topics aside would find it.
    """
    current = units.is_current[units.block]
    half = (np.random.default_rng(seed).permutation(units.n_units) % 2)[units.unit[units.block]]
    topic = np.zeros(len(axes), dtype=np.int64)
    for side in np.unique(half):
        mine = half == side
        moved = _moved(axes[~mine], current[~mine])
        still = axes[mine] - np.outer(axes[mine] @ moved, moved).astype(np.float32)
        topic[mine] = 2 * _k_means(still, seed) + side
    return topic


def _moved(axes: NDArray[np.float32], current: Bools) -> NDArray[np.float32]:
    """The direction from the mean of the baseline to that of current, of length 1 (or 0)."""
    if current.all() or not current.any():
        return np.zeros(axes.shape[1], dtype=np.float32)
    moved = axes[current].mean(axis=0) - axes[~current].mean(axis=0)
    length = float(np.linalg.norm(moved))
    return moved / length if length else moved


def _k_means(axes: NDArray[np.float32], seed: int) -> Ints:
    """At most 50 groups, of 20 rows or more on average."""
    from sklearn.cluster import MiniBatchKMeans

    order = np.lexsort(axes[:, : min(4, axes.shape[1])].T)
    model = MiniBatchKMeans(max(1, min(50, len(axes) // 20)), random_state=seed)
    model.set_params(n_init=1)
    group = np.empty(len(axes), dtype=np.int64)
    group[order] = model.fit_predict(axes[order])
    return group
