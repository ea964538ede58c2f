"""Metrics over all queries: against an exact test, and by error rate."""

import numpy as np
import pytest
from scipy import stats

from llmops_lab._drift.overall import scan_overall
from llmops_lab._scan.units import units_of


def test_rows_of_their_own_have_the_p_value_of_fishers_exact_test():
    failed = np.r_[np.ones(3), np.zeros(37), np.ones(12), np.zeros(28)]
    units = units_of(np.arange(80), np.arange(80) >= 40)
    found = scan_overall(units, [failed], n_permutations=4999)
    expected = stats.fisher_exact([[3, 37], [12, 28]]).pvalue
    assert found.p_value[0] == pytest.approx(expected, abs=0.01)


def test_a_metric_is_compared_where_it_is_known():
    rng = np.random.default_rng(0)
    values = rng.normal(size=80)
    current = np.arange(80) >= 40
    values[current] += 0.2
    unknown = np.r_[np.full(100, np.nan), values]
    units = units_of(np.arange(180), np.r_[np.arange(100) % 2 == 1, current])
    found = scan_overall(units, [unknown], n_permutations=4999)
    expected = stats.ttest_ind(values[current], values[~current], equal_var=False).pvalue
    assert 0.001 < expected < 0.2
    assert found.p_value[0] == pytest.approx(expected, rel=0.25, abs=0.003)


def test_metrics_of_heavy_tailed_users_are_named_no_more_often_than_promised():
    rng = np.random.default_rng(1)
    named = 0
    for seed in range(200):
        user = rng.zipf(1.6, 400).clip(max=150)
        current = rng.random(400) < 0.4
        habit = rng.lognormal(0, 1, (3, 151))
        metrics = [each[user] * rng.lognormal(0, 1, 400) for each in habit]
        found = scan_overall(units_of(user, current), metrics, n_permutations=199, seed=seed)
        named += bool(found.p_adjusted.min() <= 0.05)
    # More than 17 of 200 at a true rate of 5 % happen once in 80 such tests.
    assert named <= 17
