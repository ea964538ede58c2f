"""Percentiles and their intervals against numpy, scipy and simulation."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from llmops_lab._percentiles import (
    QUANTILES,
    BucketCounts,
    SortedValues,
    bucket_counts,
    interval_ranks,
    percentiles,
)

LISTS = st.lists(
    st.lists(st.floats(0.001, 1000, allow_subnormal=False), max_size=40), min_size=1, max_size=5
)


def exact(groups):
    lists = pl.Series([sorted(g) for g in groups], dtype=pl.List(pl.Float64))
    return percentiles(SortedValues.from_lists(lists))


def counted(groups):
    frame = pl.DataFrame(
        [(i, float(v)) for i, g in enumerate(groups) for v in g],
        schema={"group": pl.Int64, "x": pl.Float64},
        orient="row",
    )
    return percentiles(BucketCounts.from_frame(bucket_counts(frame, ["group"], "x"), len(groups)))


@given(groups=LISTS)
def test_exact_percentiles_are_numpys(groups):
    found = exact(groups)
    for name, quantile in QUANTILES.items():
        for value, group in zip(found[name], groups, strict=True):
            if group:
                assert value == pytest.approx(np.quantile(group, quantile), rel=1e-12)
            else:
                assert np.isnan(value)


@given(groups=LISTS)
def test_counted_percentiles_and_bounds_are_within_half_a_percent_of_exact_ones(groups):
    one, other = exact(groups), counted(groups)
    for name in one:
        np.testing.assert_allclose(other[name], one[name], rtol=0.005)


def test_values_of_zero_have_a_bucket_of_their_own():
    assert counted([[0.0, 0.0, 5.0]])["p50"][0] == 0


@pytest.mark.parametrize(("name", "n"), [("p50", 6), ("p90", 36), ("p95", 72), ("p99", 368)])
def test_an_upper_bound_appears_at_the_first_size_that_allows_one(name, n):
    # The largest value lies below the quantile with probability q ** n; that must be <= 2.5 %.
    assert QUANTILES[name] ** n <= 0.025 < QUANTILES[name] ** (n - 1)
    found = exact([range(n), range(n - 1)])
    assert found[f"{name}_high"][0] == n - 1
    assert np.isnan(found[f"{name}_high"][1])


@pytest.mark.parametrize("quantile", QUANTILES.values())
@pytest.mark.parametrize("n", [1, 7, 40, 368, 1000, 20_000])
def test_bounds_are_the_narrowest_whose_tails_are_at_most_two_and_a_half_percent(n, quantile):
    (low,), (high,) = interval_ranks(np.array([n]), quantile)

    def below(rank):  # the value at this rank lies above the quantile
        return binom.cdf(rank - 1, n, quantile)

    def above(rank):  # the value at this rank lies below the quantile
        return binom.sf(rank - 1, n, quantile)

    if low >= 1:
        assert below(low) <= 0.025
    assert below(low + 1) > 0.025
    assert above(high) <= 0.025 or high > n
    assert above(high - 1) > 0.025


def test_the_interval_holds_the_true_percentile_at_least_19_times_in_20():
    chance = np.random.default_rng(7)
    draws = np.sort(chance.lognormal(0, 1.5, (4000, 400)), axis=1)
    found = exact(draws.tolist())
    for name, z in {"p50": 0.0, "p90": 1.2815516, "p95": 1.6448536, "p99": 2.3263479}.items():
        truth = np.exp(1.5 * z)
        inside = (found[f"{name}_low"] <= truth) & (truth <= found[f"{name}_high"])
        assert 0.945 < inside.mean() < 0.985


def test_counts_are_the_same_on_another_engine():
    chance = np.random.default_rng(9)
    frame = pl.DataFrame({"group": chance.integers(0, 3, 3000), "x": chance.normal(1, 2, 3000)})
    ours = bucket_counts(frame, ["group"], "x").sort("group", "bucket")
    theirs = pl.from_pandas(bucket_counts(frame.to_pandas(), ["group"], "x"))
    assert ours.rows() == theirs.select(ours.columns).sort("group", "bucket").rows()


def test_counts_of_two_machines_merge_into_the_counts_of_all():
    chance = np.random.default_rng(3)
    frame = pl.DataFrame({"group": chance.integers(0, 3, 5000), "x": chance.gamma(2, 2, 5000)})
    parts = pl.concat(
        [bucket_counts(half, ["group"], "x") for half in (frame[:2000], frame[2000:])]
    )
    whole = bucket_counts(frame, ["group"], "x")
    merged = BucketCounts.from_frame(parts, 3)
    np.testing.assert_array_equal(merged.reached, BucketCounts.from_frame(whole, 3).reached)
    assert merged.sizes.sum() == 5000
