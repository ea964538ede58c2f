"""Neighbours among landmarks, and maps without UMAP."""

import numpy as np
import pytest

from llmops_lab._scan.landmarks import first_two, nearest


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("n_known", [40, 999, 1024])
@pytest.mark.parametrize("k", [1, 10])
def test_the_neighbours_are_those_of_a_full_sort(n_known, k):
    chance = np.random.default_rng(n_known)
    known = unit(chance.normal(size=(n_known, 16)))
    # Many equal similarities: every landmark twice.
    known[n_known // 2 :] = known[: n_known - n_known // 2]
    queries = unit(chance.normal(size=(300, 16)))
    index, distance = nearest(queries, known, k=k)
    alike = np.sort(queries @ known.T, axis=1)[:, ::-1][:, :k]
    assert 1 - distance == pytest.approx(alike, abs=1e-6)
    assert np.take_along_axis(queries @ known.T, index, axis=1) == pytest.approx(alike, abs=1e-6)
    assert all(len(set(row)) == k for row in index.tolist())


@pytest.mark.parametrize("n_axes", [1, 2, 32])
def test_a_map_has_two_axes_whatever_there_are(n_axes):
    axes = np.arange(3 * n_axes, dtype=np.float32).reshape(3, n_axes)
    positions = first_two(axes)
    assert positions.shape == (3, 2)
    assert (positions[:, 0] == axes[:, 0]).all()
