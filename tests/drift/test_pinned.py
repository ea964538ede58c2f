"""Detectors against a pinned baseline: by hand, against statsmodels, and by their error rates."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import Table
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from llmops_lab._drift.pinned import (
    Series,
    change_of_week,
    cusum,
    risen,
    since,
    spread_of,
    trend,
    week,
)


def series_of(*hits, n=100, n_pinned=2):
    return Series(np.array(hits), np.full(len(hits), n), n_pinned)


def test_the_cusum_piles_up_what_exceeds_the_allowance_and_starts_again_at_0():
    series = series_of(5, 5, 10, 0, 9, 8)
    step = 1.25 * 100 * 10.5 / 201
    expected = [10 - step, max(0, 10 - 2 * step), 9 - step, 17 - 2 * step]
    assert cusum(series, series.later[0]) == pytest.approx(expected)


def test_the_rise_began_where_the_cusum_last_left_0():
    assert since(series_of(5, 5, 10, 0, 12, 12)) == 4
    assert since(series_of(5, 5, 10, 10)) == 2


def test_the_last_week_is_a_test_of_two_proportions():
    series = series_of(4, 6, 9, 9, 5, 7, 8, 9, 9, 10)
    known, _ = proportions_ztest([57, 10], [700, 200])
    assert float(week(series, series.later[0])) == pytest.approx(known)


def test_the_trend_is_cochrans_and_armitages():
    series = series_of(4, 6, 9, 9, 5, 12, n=80)
    hits, n = np.array([10, 9, 9, 5, 12]), np.array([160, 80, 80, 80, 80])
    known = Table(np.stack([n - hits, hits]), shift_zeros=False).test_ordinal_association()
    # Its variance divides by N − 1, Cochran's and Armitage's by N.
    scale = np.sqrt(n.sum() / (n.sum() - 1))
    assert float(trend(series, series.later[0])) == pytest.approx(known.zscore * scale)


def test_the_interval_of_the_last_week_is_newcombes():
    series = series_of(4, 6, 9, 9, 5, 7, 8, 9, 9)
    known = confint_proportions_2indep(56, 700, 10, 200, method="newcomb", compare="diff")
    assert change_of_week(series)[1:] == pytest.approx(known)


def test_a_week_that_nobody_asked_in_leaves_every_rate_possible():
    counts = np.array([100, 100, *[0] * 7])
    change, low, high = change_of_week(Series(np.array([4, 6, *[0] * 7]), counts, 2))
    then = 10 / 200
    assert change == pytest.approx(-then)
    assert low <= -then
    assert high >= 1 - then


def test_a_spread_of_one_is_that_of_independent_rows_and_users_who_repeat_themselves_add():
    rng = np.random.default_rng(0)
    hits, day = (rng.random(2000) < 0.1).astype(float), np.arange(2000) // 200
    assert spread_of(hits, np.arange(2000), day) == pytest.approx(1.0, abs=0.01)
    # Each answer four times over, by the same user: four times the variance.
    assert spread_of(np.repeat(hits, 4), np.repeat(np.arange(2000), 4), np.repeat(day, 4)) == (
        pytest.approx(4.0, abs=0.05)
    )


def found(rng, rates, *, spread=1.0, told=1.0, n=100):
    """Whether daily counts at these rates alarm; days differ by `spread`, the test is told."""
    weight = (n - 1) / (spread - 1) - 1 if spread > 1 else 1e9
    hits = rng.binomial(n, rng.beta(rates * weight, (1 - rates) * weight))
    return risen(Series(hits, np.full(len(hits), n), 14, told)).p_value <= 0.05


@pytest.mark.slow
def test_alarms_without_a_rise_keep_their_promise_whatever_the_spread():
    rng = np.random.default_rng(1)
    for spread in (1.0, 3.0):
        alarms = sum(found(rng, np.full(35, 0.05), spread=spread, told=spread) for _ in range(200))
        # 5 % of 200 is 10; 20 or more happen once in 400 such tests.
        assert alarms < 20
    # Not told of the spread, the same test would alarm often.
    assert sum(found(rng, np.full(35, 0.05), spread=3.0) for _ in range(100)) > 15


def test_a_slow_ramp_is_found():
    rng = np.random.default_rng(2)
    ramp = np.r_[np.full(14, 0.05), np.linspace(0.05, 0.10, 22)[1:]]
    assert sum(found(rng, ramp) for _ in range(40)) >= 36
