"""A few rows that stand for many, on vectors laid out by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab._remedies.diverse import diverse


def around(*angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_one_of_each_bunch_is_chosen_the_largest_first():
    matrix = around(0, 0.02, 0.04, 0.3, 1.5, 1.52, 3.0)
    chosen = diverse(matrix, 3)
    assert chosen[0] in (0, 1, 2, 3)
    assert {1 if i in (4, 5) else 2 if i == 6 else 0 for i in chosen} == {0, 1, 2}


def test_a_twin_is_never_chosen_even_when_there_is_room():
    assert len(diverse(around(0, 0, 0.01), 3)) == 1


@given(st.lists(st.floats(0, 6, allow_nan=False, width=32), max_size=30), st.integers(0, 10))
def test_rows_are_chosen_once_and_no_more_than_asked_for(angles, n):
    chosen = diverse(around(*angles), n)
    assert len(set(chosen.tolist())) == len(chosen) <= n


def test_a_large_group_is_sampled_and_gives_the_same_rows_each_time():
    matrix = np.random.default_rng(0).normal(size=(5000, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    assert diverse(matrix, 5).tolist() == diverse(matrix, 5).tolist()
