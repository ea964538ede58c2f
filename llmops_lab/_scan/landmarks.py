"""A map and groups from at most 10,000 landmarks; every other row follows its neighbours.

Source: UMAP, McInnes, Healy and Melville 2018; HDBSCAN, Campello, Moulavi and Sander 2013.
"""

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]
# Hears what is being done, and how much of it is done (0 … 1; None where nobody knows).
Progress = Callable[[str, float | None], None]

_MOST_LANDMARKS = 10_000
_NEIGHBOURS = 15
_CHUNK = 2_000
_BLOCK = 32
_LARGEST = 0.2
# As good as UMAP's own 500 here (AMI 0.746 against 0.740 on 8,000 queries), in a quarter
# of the time.
_EPOCHS = 200


def landmarks(matrix: Matrix, *, seed: int, most: int = _MOST_LANDMARKS) -> Ints:
    """Row numbers of the landmarks: all rows, or a seeded sample that ignores their order."""
    order = np.lexsort(matrix[:, : min(4, matrix.shape[1])].T)
    if len(order) <= most:
        return order
    return order[np.random.default_rng(seed).choice(len(order), most, replace=False)]


def nearest(queries: Matrix, known: Matrix, *, k: int) -> tuple[Ints, Matrix]:
    """The `k` rows of `known` nearest to each query by cosine, nearest first, exactly, and the
    distances; rows have length 1."""
    index = np.empty((len(queries), k), dtype=np.int64)
    distance = np.empty((len(queries), k), dtype=np.float32)
    for start in range(0, len(queries), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        alike = queries[chunk] @ known.T
        index[chunk], values = _largest(alike, k)
        distance[chunk] = 1 - values
    return index, distance.clip(min=0)


def _largest(alike: Matrix, k: int) -> tuple[Ints, Matrix]:
    """Columns and values of the `k` largest numbers of each row, largest first.

    The k largest lie in the k blocks with the largest maxima (a block is every n_blocks-th
    column): finding those first is several times quicker than partitioning the whole row.
    """
    n, width = alike.shape
    n_blocks = width // _BLOCK
    if n_blocks < 2 * k:
        columns = np.argpartition(-alike, k - 1, axis=1)[:, :k]
    else:
        maxima = alike[:, : n_blocks * _BLOCK].reshape(n, _BLOCK, n_blocks).max(axis=1)
        best = np.argpartition(-maxima, k - 1, axis=1)[:, :k]
        inside = (best[:, :, None] + n_blocks * np.arange(_BLOCK)).reshape(n, -1)
        rest = np.broadcast_to(np.arange(n_blocks * _BLOCK, width), (n, width % _BLOCK))
        wanted = np.hstack([inside, rest])
        found = np.take_along_axis(alike, wanted, axis=1)
        columns = np.take_along_axis(wanted, np.argpartition(-found, k - 1, axis=1)[:, :k], axis=1)
    values = np.take_along_axis(alike, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def layout(
    matrix: Matrix,
    neighbours: tuple[Ints, Matrix],
    *,
    axes: int,
    seed: int,
    progress: Progress | None = None,
) -> Matrix:
    """Seeded UMAP positions (rows, axes) from neighbours found beforehand.

    Handing the neighbours in spares the compilation of UMAP's own search: 10 s instead of 40
    for the first map of a fresh kernel. `progress` hears of every few epochs.
    """
    umap = _cached_umap()
    index, distance = neighbours
    known = (index.astype(np.int32), distance, None)
    with warnings.catch_warnings():
        # It says that a seed means one thread, and that new rows cannot be transformed.
        warnings.simplefilter("ignore")
        model = umap.UMAP(
            n_components=axes,
            n_neighbors=index.shape[1],
            min_dist=0.0 if axes > 2 else 0.1,
            n_epochs=_EPOCHS,
            metric="cosine",
            random_state=seed,
            precomputed_knn=known,
            tqdm_kwds=None if progress is None else _told_to(progress),
        )
        return model.fit_transform(matrix).astype(np.float32)


class _Epochs(io.StringIO):
    """What UMAP's bar writes, "40/200", as calls of `progress`."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str, /) -> int:
        done, slash, total = text.strip().partition("/")
        if slash and done.isdigit() and total.isdigit():
            self._progress("placing queries", int(done) / int(total))
        return len(text)


def _told_to(progress: Progress) -> dict[str, Any]:
    form = "{n_fmt}/{total_fmt}"
    return {"file": _Epochs(progress), "disable": False, "bar_format": form, "mininterval": 0.25}


def _cached_umap() -> Any:
    """UMAP with its compiled code kept on disk: the next kernel starts 4 s sooner."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap
        import umap.layouts
        import umap.umap_
        from numba.core.registry import CPUDispatcher

        for module in (umap.layouts, umap.umap_):
            for function in vars(module).values():
                if isinstance(function, CPUDispatcher) and function.__module__ == module.__name__:
                    _keep_compiled(function)
    return umap


def _keep_compiled(function: Any) -> None:
    # Where no folder can be written the code is compiled afresh, as it was without this.
    try:
        function.enable_caching()
    except (RuntimeError, OSError):
        return


def density_groups(positions: Matrix) -> Ints:
    """HDBSCAN's group of each row, −1 for none; groups hold at least 15 rows or 0.4 %.

    Its most stable cut is now and then one group of most rows: a group of over a fifth gives way
    to the smaller ones inside it when those hold most of its rows. One week of the sample data
    falls into 26 groups by that, not 7 of which one has 63 %; CLINC150 and BANKING77 stay as
    they are.
    """
    groups = _dense(positions)
    names, sizes = np.unique(groups[groups >= 0], return_counts=True)
    large = names[sizes > _LARGEST * len(positions)]
    if not len(large):
        return groups
    finer = _dense(positions, largest=round(_LARGEST * len(positions)))
    for name in large:
        rows = groups == name
        if (finer[rows] >= 0).mean() > 0.5:
            groups[rows] = np.where(finer[rows] >= 0, finer[rows] + groups.max() + 1, -1)
    return groups


def _dense(positions: Matrix, largest: int = 0) -> Ints:
    import hdbscan

    with warnings.catch_warnings():
        # Its source has escapes and calls that newer Python and scikit-learn warn about.
        warnings.simplefilter("ignore")
        model = hdbscan.HDBSCAN(
            min_cluster_size=max(15, round(0.004 * len(positions))),
            min_samples=5,
            max_cluster_size=largest,
        )
        return model.fit_predict(positions.astype(np.float64)).astype(np.int64)


def map_and_groups(matrix: Matrix, *, seed: int) -> tuple[Matrix, Ints]:
    """Positions (n, 2) and group (n,) of every row, −1 for none, by landmarks."""
    chosen = landmarks(matrix, seed=seed)
    if len(chosen) <= _NEIGHBOURS + 1:
        return first_axes(matrix, seed=seed), np.full(len(matrix), -1, dtype=np.int64)
    known = matrix[chosen]
    neighbours = nearest(known, known, k=min(_NEIGHBOURS, len(chosen) - 1))
    groups = density_groups(layout(known, neighbours, axes=5, seed=seed))
    spots = layout(known, neighbours, axes=2, seed=seed)
    return follow(matrix, chosen, spots, groups)


def umap_map(matrix: Matrix, *, seed: int, progress: Progress) -> Matrix:
    """UMAP positions (n, 2) by landmarks, turned to lie as much as they can like `first_axes`."""
    start = first_axes(matrix, seed=seed)
    chosen = landmarks(matrix, seed=seed)
    if len(chosen) <= _NEIGHBOURS + 1:
        return start
    known = matrix[chosen]
    progress("finding neighbours", None)
    neighbours = nearest(known, known, k=_NEIGHBOURS)
    progress("starting UMAP", None)
    spots = layout(known, neighbours, axes=2, seed=seed, progress=progress)
    progress("placing the rest", None)
    nobody = np.full(len(chosen), -1, dtype=np.int64)
    return turned_like(follow(matrix, chosen, spots, nobody)[0], start)


def turned_like(positions: Matrix, model: Matrix) -> Matrix:
    """The positions turned or mirrored to fit `model` best (orthogonal Procrustes)."""
    own, other = positions - positions.mean(axis=0), model - model.mean(axis=0)
    left, _, right = np.linalg.svd(own.T @ other)
    return (own @ (left @ right)).astype(np.float32)


def follow(matrix: Matrix, chosen: Ints, spots: Matrix, groups: Ints) -> tuple[Matrix, Ints]:
    """Positions and groups of all rows: landmarks keep theirs, others take their neighbours'."""
    positions = np.empty((len(matrix), 2), dtype=np.float32)
    membership = np.empty(len(matrix), dtype=np.int64)
    positions[chosen], membership[chosen] = spots, groups
    others = np.setdiff1d(np.arange(len(matrix)), chosen)
    if len(others):
        index, distance = nearest(matrix[others], matrix[chosen], k=min(10, len(chosen)))
        weight = 1 / (distance + 1e-3)
        weight /= weight.sum(axis=1, keepdims=True)
        positions[others] = np.einsum("ij,ijk->ik", weight, spots[index])
        membership[others] = vote(groups[index], weight)
    return positions, membership


def vote(groups: Ints, weight: Matrix) -> Ints:
    """The group with most weight in each row; −1 is a group like any other."""
    names, number = np.unique(groups, return_inverse=True)
    number = number.reshape(groups.shape)
    totals = np.zeros((len(groups), len(names)), dtype=np.float64)
    np.add.at(totals, (np.arange(len(groups))[:, None], number), weight)
    return names[totals.argmax(axis=1)]


def first_axes(matrix: Matrix, *, seed: int = 0) -> Matrix:
    """The first two principal axes (n, 2): a map that is there at once."""
    from sklearn.decomposition import PCA

    positions = np.zeros((len(matrix), 2), dtype=np.float32)
    n = min(2, *matrix.shape)
    if len(matrix) > 2 and n == 2:
        positions[:] = PCA(2, random_state=seed, svd_solver="randomized").fit_transform(matrix)
    return positions


def first_two(axes: Matrix) -> Matrix:
    """A map (n, 2) from principal axes (n, d) that are known already."""
    positions = np.zeros((len(axes), 2), dtype=np.float32)
    positions[:, : axes.shape[1]] = axes[:, :2]
    return positions
