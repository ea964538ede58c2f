"""What is kept of segments so that tomorrow's queries find them again.

Measured on CLINC150 with 30 of 150 intents kept back (`benchmarks/assign.py`, wordllama, 3
splits of 9,000 queries): with the true intents as segments 81 % of the new queries of known
intents come to their own and 12 % to none, with segments that `segment` found 73 % and 18 %; of
queries of the intents kept back 59 % are set aside. One centroid a segment instead of landmarks
sets aside 50 to 52 %, and is right one point more often.
"""

from dataclasses import dataclass

import numpy as np

from llmops_lab._scan.landmarks import Ints, Matrix

MOST_LANDMARKS = 50
_NEIGHBOURS = 5
LIMIT_SHARE = 0.9
_CHUNK = 2_000


@dataclass(frozen=True)
class Known:
    """Up to 50 landmarks of each segment: `vectors` (m, d) of length 1, `spots` (m, 2) on the
    map, `segment` (m,). `limits` (k,): the farthest a query may be from a segment, as the mean
    cosine distance to its five nearest landmarks; nine in ten of its own members are nearer.
    """

    vectors: Matrix
    spots: Matrix
    segment: Ints
    limits: Matrix

    def centres(self) -> Matrix:
        """The mean direction (k, d) of each segment's landmarks."""
        sums = np.stack([self.vectors[self.segment == s].sum(0) for s in range(len(self.limits))])
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)

    def assigned(self, matrix: Matrix) -> tuple[Ints, Matrix]:
        """Each row's segment, −1 when it is too far from the nearest one, and its place."""
        if not len(self.limits):
            return np.full(len(matrix), -1), np.zeros((len(matrix), 2), dtype=np.float32)
        membership = np.empty(len(matrix), dtype=np.int64)
        spots = np.empty((len(matrix), 2), dtype=np.float32)
        for start in range(0, len(matrix), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            distance = (1 - matrix[chunk] @ self.vectors.T).clip(min=0)
            far = self._distances(distance)
            best = far.argmin(axis=1)
            near = far[np.arange(len(far)), best] <= self.limits[best]
            membership[chunk] = np.where(near, best, -1)
            spots[chunk] = self._places(distance)
        return membership, spots

    def _distances(self, distance: Matrix) -> Matrix:
        """Mean distance (rows, k) to the nearest landmarks of each segment."""
        columns = [_nearest_mean(distance[:, self.segment == s]) for s in range(len(self.limits))]
        return np.stack(columns, axis=1)

    def _places(self, distance: Matrix) -> Matrix:
        """A place on the map (rows, 2) among the nearest landmarks."""
        k = min(_NEIGHBOURS, distance.shape[1])
        index = np.argpartition(distance, k - 1, axis=1)[:, :k]
        weight = 1 / (np.take_along_axis(distance, index, axis=1) + 1e-3)
        weight /= weight.sum(axis=1, keepdims=True)
        return np.einsum("ij,ijk->ik", weight, self.spots[index]).astype(np.float32)


def known_of(matrix: Matrix, membership: Ints, positions: Matrix) -> Known:
    """The landmarks of these segments and how far each reaches; the order of rows is free."""
    n_segments = int(membership.max(initial=-1)) + 1
    chosen = [_landmarks(matrix, np.flatnonzero(membership == s)) for s in range(n_segments)]
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    limits = [_limit(matrix[membership == s], matrix[marks]) for s, marks in enumerate(chosen)]
    owner = np.repeat(np.arange(n_segments), [len(marks) for marks in chosen])
    return Known(
        matrix[rows],
        positions[rows].astype(np.float32),
        owner,
        np.array(limits, dtype=np.float32),
    )


def _landmarks(matrix: Matrix, rows: Ints) -> Ints:
    order = rows[np.lexsort(matrix[rows][:, : min(4, matrix.shape[1])].T)]
    if len(order) <= MOST_LANDMARKS:
        return order
    return order[np.random.default_rng(0).choice(len(order), MOST_LANDMARKS, replace=False)]


def _limit(members: Matrix, landmarks: Matrix) -> float:
    """The distance within which nine in ten members lie, none counted as its own neighbour."""
    distance = (1 - members @ landmarks.T).clip(min=0)
    itself = distance <= 1e-6
    # Of equal texts, one is oneself and the others are neighbours.
    first = itself & (itself.cumsum(axis=1) == 1)
    distance = np.where(first, np.inf, distance)
    if distance.shape[1] < 2:
        return 0.0
    k = min(_NEIGHBOURS, distance.shape[1] - 1)
    return float(np.quantile(np.sort(distance, axis=1)[:, :k].mean(axis=1), LIMIT_SHARE))


def _nearest_mean(distance: Matrix) -> Matrix:
    k = min(_NEIGHBOURS, distance.shape[1])
    return np.partition(distance, k - 1, axis=1)[:, :k].mean(axis=1)
