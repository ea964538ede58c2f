"""Did answers get worse inside a group: against exact tests, and by error rate."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from llmops_lab._drift.quality import (
    Groups,
    can_be_tested,
    change_interval,
    measured,
    scan_excess,
    scan_quality,
)
from llmops_lab._scan.units import units_of


def test_a_group_of_single_rows_has_the_p_value_of_fishers_exact_test():
    failed = np.r_[np.ones(3), np.zeros(37), np.ones(12), np.zeros(28)]
    units = units_of(np.arange(80), np.arange(80) >= 40)
    found = scan_quality(units, Groups([np.arange(80)], [failed]), alpha=0.05, n_permutations=4999)
    assert found.p_value[0] == pytest.approx(
        stats.fisher_exact([[3, 37], [12, 28]]).pvalue, abs=0.01
    )


def test_users_in_both_windows_have_the_p_value_of_a_sign_flip_test():
    rng = np.random.default_rng(0)
    then, now = rng.normal(size=15), rng.normal(0.7, size=15)
    units = units_of(np.tile(np.arange(15), 2), np.arange(30) >= 15)
    groups = Groups([np.arange(30)], [np.r_[then, now]])
    found = scan_quality(units, groups, alpha=0.05, n_permutations=4999)
    flipped = stats.permutation_test(
        (now, then), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=9999
    )
    assert found.p_value[0] == pytest.approx(flipped.pvalue, abs=0.015)


def test_unknown_values_are_left_out_and_groups_without_enough_are_not_tested():
    values = np.r_[np.full(40, np.nan), np.tile([0.0, 1.0], 20)]
    units = units_of(np.arange(80), np.arange(80) % 2 == 1)
    assert can_be_tested(units, np.arange(80), values)
    assert not can_be_tested(units, np.arange(50), values)
    assert not can_be_tested(units, np.arange(80), np.zeros(80))


def test_a_change_that_is_everywhere_is_no_change_beyond_the_rest():
    rng = np.random.default_rng(1)
    current = np.arange(4000) >= 2000
    failed = (rng.random(4000) < np.where(current, 0.3, 0.05)).astype(float)
    group = rng.integers(0, 20, 4000)
    groups = Groups([np.flatnonzero(group == g) for g in range(20)], [failed] * 20)
    units = units_of(np.arange(4000), current)
    assert (scan_quality(units, groups, alpha=0.05).p_adjusted < 0.05).sum() > 15
    assert (scan_excess(units, groups, alpha=0.05).p_adjusted > 0.05).all()


@pytest.mark.slow
def test_rare_failures_of_heavy_users_raise_at_most_the_promised_alarms():
    rng = np.random.default_rng(2)
    alarms = 0
    for seed in range(100):
        user = rng.zipf(1.6, 800).clip(max=150)
        current = rng.random(800) < 0.3
        bad = rng.random(151) ** 4
        failed = (rng.random(800) < bad[user] * 0.4).astype(float)
        group = rng.integers(0, 15, 800)
        rows = [np.flatnonzero(group == g) for g in range(15)]
        units = units_of(user, current)
        groups = [r for r in rows if can_be_tested(units, r, failed)]
        found = scan_quality(
            units, Groups(groups, [failed] * len(groups)), alpha=0.05, n_permutations=199, seed=seed
        )
        alarms += bool((found.p_adjusted <= 0.05).any())
    # More than 10 of 100 at a true rate of 5 % happen once in 87 such tests.
    assert alarms <= 10


def test_the_interval_of_a_change_of_means_is_that_of_welch_for_single_rows():
    rng = np.random.default_rng(3)
    then, now = rng.normal(0, 1, 400), rng.normal(0.5, 2, 300)
    units = units_of(np.arange(700), np.arange(700) >= 400)
    low, high = change_interval(units, np.arange(700), np.r_[then, now])
    welch = stats.ttest_ind(now, then, equal_var=False).confidence_interval()
    assert (low, high) == pytest.approx((welch.low, welch.high), abs=0.06)


def test_metrics_are_read_from_trace_rows_and_unknown_ones_are_nan():
    frame = pl.DataFrame(
        {"status": ["ok", "error", None], "cost_usd": [1.0, None, 2.0]},
        schema_overrides={"status": pl.String},
    )
    found = measured(frame)
    assert set(found) == {"error_rate", "cost_usd"}
    assert found["error_rate"][:2].tolist() == [0, 1]
    assert np.isnan(found["cost_usd"][1])
