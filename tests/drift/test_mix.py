"""The parts of a metric's change: worked by hand, and always exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab._drift.mix import mix_and_rate


def test_kitagawas_parts_worked_by_hand():
    # Then: group 0 has 6 of 10 rows at a mean of 1/6, group 1 has 4 at 1/2: overall 0.3.
    # Now: group 0 has 2 of 10 rows at 1/2, group 1 has 8 at 5/8: overall 0.6.
    values = np.r_[[1, 0, 0, 0, 0, 0], [1, 1, 0, 0], [1, 0], [1] * 5, [0] * 3].astype(float)
    group = np.r_[[0] * 6, [1] * 4, [0] * 2, [1] * 8]
    parts = mix_and_rate(values, np.arange(20) >= 10, group)
    overall = 0.45
    assert parts.mix == pytest.approx(
        [-0.4 * ((1 / 6 + 1 / 2) / 2 - overall), 0.4 * ((1 / 2 + 5 / 8) / 2 - overall)]
    )
    assert parts.rate == pytest.approx([0.4 * (1 / 2 - 1 / 6), 0.6 * (5 / 8 - 1 / 2)])


def test_a_group_that_is_new_adds_only_mix():
    values, group = np.r_[0.0, 0, 1, 1, 0, 0], np.r_[0, 0, 1, 1, 0, 0]
    parts = mix_and_rate(values, np.arange(6) >= 2, group)
    assert parts.rate == pytest.approx([0, 0])
    assert parts.mix.sum() == pytest.approx(0.5)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_the_parts_sum_to_the_change_whatever_the_groups(seed, n_groups):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(40) < 0.2, np.nan, rng.normal(size=40))
    current = np.arange(40) >= 15
    values[[0, 39]] = 1.0
    parts = mix_and_rate(values, current, rng.integers(0, n_groups, 40))
    change = np.nanmean(values[current]) - np.nanmean(values[~current])
    assert parts.mix.sum() + parts.rate.sum() == pytest.approx(change)
