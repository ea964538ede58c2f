"""Did answers get worse inside a group: against exact tests, and by error rate."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from llmops_lab._drift.comparison import Comparison, strata_of
from llmops_lab._drift.quality import (
    EVERYBODY,
    ITSELF,
    Groups,
    can_be_tested,
    change_interval,
    mean_change,
    measured,
    scan_excess,
    scan_quality,
    segment_quality,
    typical,
    without_common_change,
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


def test_without_the_common_change_both_windows_have_the_overall_mean():
    values = np.r_[1.0, 3.0, np.nan, 7.0, 9.0, 11.0, 13.0]
    current = np.r_[False, False, False, True, True, True, True]
    # By hand: means 2 and 10, overall 44 / 6.
    shifted = without_common_change(values, current)
    overall = 44 / 6
    assert shifted[:2] == pytest.approx([overall - 1, overall + 1])
    assert np.isnan(shifted[2])
    assert shifted[3:] == pytest.approx([overall - 3, overall - 1, overall + 1, overall + 3])


def test_the_change_of_a_mean_is_that_of_the_known_values():
    units = units_of(np.arange(6), np.arange(6) >= 3)
    values = np.r_[1.0, 2.0, np.nan, 5.0, np.nan, 9.0]
    assert mean_change(units, np.arange(6), values) == pytest.approx(7 - 1.5)
    assert mean_change(units, np.array([1, 5]), values) == pytest.approx(7)


def test_what_is_typical_is_a_mean_and_of_durations_the_median():
    values = np.r_[1.0, 2.0, 9.0, np.nan]
    assert (typical("cost_usd", values), typical("duration_s", values)) == (4.0, 2.0)
    assert typical("duration_s", np.full(3, np.nan)) is None


def test_users_of_one_window_alone_in_their_stratum_keep_it():
    """With nobody to trade with, no shuffle can move the change that such users make."""
    stratum = np.r_[np.zeros(40, int), np.ones(20, int)]
    current = np.r_[np.arange(40) % 2 == 0, np.ones(20, bool)]
    values = np.r_[np.tile([0.0, 1.0], 20), np.ones(20)]
    units = units_of(np.arange(60), current, stratum)
    found = scan_quality(units, Groups([np.arange(60)], [values]), alpha=0.05, seed=1)
    # Within stratum 0 the rates are 0 and 1: the most extreme of all labellings, by far.
    assert found.p_value[0] == pytest.approx(1 / 500)
    alone = np.flatnonzero(stratum == 1)
    same = scan_quality(units, Groups([alone], [np.r_[np.zeros(40), np.arange(20.0)]]), alpha=0.05)
    assert same.p_value[0] == 1.0


def compared(values, current, groups):
    units = units_of(np.arange(len(current)), current)
    nothing = np.zeros((len(current), 1), np.float32)
    both = Comparison(pl.DataFrame(), nothing, current, units)
    return segment_quality(both, groups, values).rows(named=True)


def test_a_metric_is_told_over_all_queries_and_in_each_group_and_a_new_one_beside_everybody():
    rng = np.random.default_rng(4)
    n, current = 600, np.arange(600) >= 300
    cost = rng.normal(1, 0.1, n)
    old = np.arange(n) % 3 == 0  # in both windows; its cost doubles
    new = np.arange(n) >= 540  # was never asked before; its cost is 3
    cost[old & current] += 1
    cost[new] = rng.normal(3, 0.1, 60)
    everywhere, of_old, of_new = compared({"cost_usd": cost}, current, [old & ~new, new])
    assert [row["segment"] for row in (everywhere, of_old, of_new)] == [None, 0, 1]
    assert [row["against"] for row in (everywhere, of_old, of_new)] == [ITSELF, ITSELF, EVERYBODY]
    then, now = cost[~current], cost[current]
    assert everywhere["baseline"] == pytest.approx(then.mean())
    assert everywhere["change"] == pytest.approx(now.mean() - then.mean())
    welch = stats.ttest_ind(now, then, equal_var=False).confidence_interval()
    ends = (everywhere["change_low"], everywhere["change_high"])
    assert ends == pytest.approx((welch.low, welch.high), abs=0.02)
    assert of_old["change"] == pytest.approx(1, abs=0.05)
    assert of_old["p_adjusted"] == pytest.approx(1 / 500)
    assert of_old["change_low"] < of_old["change"] < of_old["change_high"]
    # The new group is held against all queries then, and not tested.
    assert of_new["baseline"] == pytest.approx(then.mean())
    assert of_new["current"] == pytest.approx(cost[new].mean())
    assert of_new["p_value"] is None
    welch = stats.ttest_ind(cost[new], then, equal_var=False).confidence_interval()
    ends = (of_new["change_low"], of_new["change_high"])
    assert ends == pytest.approx((welch.low, welch.high), abs=0.02)


def test_intervals_over_all_queries_hold_together():
    """Of two metrics each has the interval of 97.5 %, so that both hold at 95 % (Bonferroni)."""
    rng = np.random.default_rng(5)
    current = np.arange(800) >= 400
    values = {name: rng.normal(0, 1, 800) for name in ("cost_usd", "input_tokens")}
    for row in compared(values, current, []):
        value = values[row["metric"]]
        test = stats.ttest_ind(value[current], value[~current], equal_var=False)
        known = test.confidence_interval(0.975)
        assert row["change_low"] == pytest.approx(known.low, abs=0.025)
        assert row["change_high"] == pytest.approx(known.high, abs=0.025)
    (row,) = compared({"cost_usd": np.ones(800)}, current, [])
    assert (row["change"], row["change_low"], row["change_high"], row["p_value"]) == (0, 0, 0, None)


def test_the_stratum_of_a_unit_is_that_of_most_of_its_rows():
    frame = pl.DataFrame({"tenant": ["a", "b", "b", "a", None], "model": ["m"] * 5})
    who = np.array(["u", "u", "u", "v", "w"])
    found = strata_of(frame, ("tenant", "model"), who)
    assert found[0] == found[1] == found[2]
    assert len({found[0], found[3], found[4]}) == 3
