"""Exploring by false discovery rate: of what it names, few are chance."""

import numpy as np
import pytest
from scipy import stats

from llmops_lab._scan.permutation import count_rows, explore_shares, scan_shares
from llmops_lab._scan.units import units_of


def counts_of(rng, *, changed):
    """60 groups in windows of 1,000 rows. The first `changed` grow from 1.2 % to about 4 %, all
    at the cost of the last, which holds 30 %; the others keep their shares."""
    current = np.arange(2000) >= 1000
    group = rng.choice(60, 2000, p=[0.7 / 59] * 59 + [0.3])
    moved = (group == 59) & current & (rng.random(2000) < 0.09 * changed)
    group[moved] = rng.integers(0, max(1, changed), moved.sum())
    members = np.eye(60, dtype=np.float32)
    return count_rows(units_of(np.arange(2000), current), group, members)


def test_adjusted_values_are_benjamini_and_hochbergs():
    counts = counts_of(np.random.default_rng(0), changed=4)
    found = explore_shares(counts, n_permutations=499)
    alone = scan_shares(counts, n_permutations=499).p_value
    assert found.p_adjusted == pytest.approx(stats.false_discovery_control(alone))


@pytest.mark.slow
def test_of_what_is_named_about_the_promised_part_is_chance():
    rng = np.random.default_rng(1)
    false, found = [], 0
    for seed in range(40):
        named = explore_shares(counts_of(rng, changed=8), n_permutations=1499, seed=seed)
        named = named.p_adjusted <= 0.05
        false.append(named[8:59].sum() / max(1, named[:59].sum()))
        found += named[:8].sum()
    # 5 % promised; the mean of 40 runs has a standard error of about 1.5 %.
    assert np.mean(false) < 0.085
    assert found / (40 * 8) > 0.5
