"""A few rows that stand for many."""

import numpy as np

from llmops_lab._scan.landmarks import Ints, Matrix

_MOST = 2_000
_TWIN = 0.97


def diverse(matrix: Matrix, n: int) -> Ints:
    """Up to `n` rows such that every row is near one of them; the first is the medoid.

    Greedy k-medoids: its sum of likeness is at least 63 % of the largest there is (Nemhauser,
    Wolsey and Fisher 1978).
    Twins (cosine above 0.97) of a chosen row are passed over. Of more than 2,000 rows a seeded
    sample is looked at.
    """
    rows = np.arange(len(matrix))
    if len(rows) > _MOST:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST, replace=False))
    alike = np.clip(matrix[rows] @ matrix[rows].T, 0, None)
    best = np.zeros(len(rows), dtype=np.float32)
    free = np.ones(len(rows), dtype=np.bool_)
    chosen: list[int] = []
    while len(chosen) < n and free.any():
        gain = np.where(free, np.maximum(alike, best).sum(axis=1), -np.inf)
        row = int(gain.argmax())
        chosen.append(row)
        best = np.maximum(best, alike[row])
        free &= alike[row] <= _TWIN
        free[row] = False
    return rows[chosen].astype(np.int64)
