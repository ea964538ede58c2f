"""The test of many shares at once: against closed forms, exact tests and by its error rate."""

import itertools

import numpy as np
import pytest
from scipy import optimize, stats

from llmops_lab._scan.permutation import (
    change_of_share,
    count_rows,
    scan_shares,
    shuffled_windows,
    smallest_changes,
    step_down,
)
from llmops_lab._scan.units import units_of


def scan(unit, is_current, group, **options):
    members = np.eye(int(group.max()) + 1, dtype=np.float32)
    return scan_shares(count_rows(units_of(unit, is_current), group, members), **options)


def test_with_one_row_per_unit_the_statistic_is_the_two_proportion_z():
    rng = np.random.default_rng(0)
    n, current = 400, np.arange(400) >= 150
    group = rng.integers(0, 5, n)
    units = units_of(np.arange(n), current)
    counts = count_rows(units, group, np.eye(5, dtype=np.float32))
    found = change_of_share(counts, units.is_current[:, None])[:, 0]
    for g in range(5):
        k = np.array([(group[current] == g).sum(), (group[~current] == g).sum()])
        share, sizes = k.sum() / n, np.array([current.sum(), (~current).sum()])
        z = (k[0] / sizes[0] - k[1] / sizes[1]) / np.sqrt(share * (1 - share) * (1 / sizes).sum())
        assert found[g] == pytest.approx(z)


@pytest.mark.parametrize(("variety", "n_users"), [(4, 150), (1, 60)])
def test_with_several_rows_per_unit_the_error_is_that_of_clusters(variety, n_users):
    """Σ r² of each window's blocks, less what both windows of one user share.

    Users who ask about one thing alone are as alike in both windows as can be: what is left of
    the variance is then less than a tenth of what independent rows would have, the least there is.
    """
    rng = np.random.default_rng(5)
    n, user = 600, np.arange(600) % n_users
    group = (user + rng.integers(0, variety, n)) % 6
    current = np.arange(n) % (2 * n_users) >= n_users
    current[rng.integers(0, n, 15)] ^= True
    units = units_of(user, current)
    counts = count_rows(units, group, np.eye(6, dtype=np.float32))
    shuffled = next(shuffled_windows(units, 20, rng))
    labels = np.column_stack([units.is_current, shuffled])
    found = change_of_share(counts, labels)
    floors = 0
    for g, column in itertools.product(range(6), range(labels.shape[1])):
        now, inside = labels[units.block, column], labels[:, column]
        n_now, n_then = now.sum(), (~now).sum()
        share = (group == g).mean()
        r = np.bincount(units.block, (group == g) - share)
        pairs = [(b, units.partner[b]) for b in np.flatnonzero(units.partner >= 0)]
        variance = (r[inside] ** 2).sum() / n_now**2 + (r[~inside] ** 2).sum() / n_then**2
        variance -= sum(r[a] * r[b] for a, b in pairs) / (n_now * n_then)
        least = 0.1 * share * (1 - share) * (1 / n_now + 1 / n_then)
        floors += variance < least
        change = (group == g)[now].mean() - (group == g)[~now].mean()
        assert found[g, column] == pytest.approx(change / np.sqrt(max(variance, least)), rel=1e-3)
    assert (floors > 0) == (variety == 1)


def westfall_and_young(observed, null):
    """Step-down max-T by its definition: each against the largest of all that are no surer."""
    order = np.argsort(-observed, kind="stable")
    adjusted, highest = np.empty(len(observed)), 0.0
    for place, i in enumerate(order):
        largest = null[order[place:]].max(axis=0)
        highest = max(highest, (1 + (largest >= observed[i]).sum()) / (null.shape[1] + 1))
        adjusted[i] = highest
    return adjusted


@pytest.mark.parametrize("only_more", [False, True])
def test_adjusted_p_values_are_westfalls_and_youngs(only_more):
    rng = np.random.default_rng(6)
    null = rng.normal(3, 2, (7, 199)) + rng.normal(size=199)
    observed = np.array([3.0, 10.0, -4.0, 8.0, 3.5, 9.0, 1.0])
    found = step_down(observed, null, alpha=0.1, only_more=only_more)
    centre, scale = null.mean(axis=1, keepdims=True), null.std(axis=1, keepdims=True)
    sizes = [(observed[:, None] - centre) / scale, (null - centre) / scale]
    assert found.statistic == pytest.approx(sizes[0][:, 0])
    if not only_more:
        sizes = [np.abs(size) for size in sizes]
    alone = (1 + (sizes[1] >= sizes[0]).sum(axis=1)) / 200
    assert found.p_value == pytest.approx(alone)
    assert found.p_adjusted == pytest.approx(westfall_and_young(sizes[0][:, 0], sizes[1]))
    assert found.critical == pytest.approx(np.quantile(sizes[1].max(axis=0), 0.9))


def test_a_node_without_any_spread_is_no_change():
    found = step_down(np.array([1.0, 0.0]), np.ones((2, 9)), alpha=0.05)
    assert found.statistic.tolist() == [0, 0]
    assert found.p_adjusted.tolist() == [1, 1]


@pytest.mark.parametrize("rows_per_user", [1, 4])
def test_the_smallest_changes_are_those_seen_four_times_in_five(rows_per_user):
    """z of two proportions at critical + 0.84, the error of rows in fours being twice as large."""
    rng = np.random.default_rng(7)
    user = np.repeat(np.arange(1000), rows_per_user)
    current = user >= 600
    counts = count_rows(
        units_of(user, current), rng.integers(0, 8, 1000)[user], np.eye(8, dtype=np.float32)
    )
    found = smallest_changes(counts, 3.1)

    def beyond(now, then):
        pooled = 0.6 * then + 0.4 * now
        error = np.sqrt(pooled * (1 - pooled) * (1 / 600 + 1 / 400))
        return (now - then) / error - 3.1 - stats.norm.ppf(0.8)

    expected = [optimize.brentq(beyond, then + 1e-6, 0.5, (then,)) for then in (0.0, 0.02)]
    assert found == pytest.approx(expected, abs=0.0006)


def test_one_group_alone_has_the_p_value_of_fishers_exact_test():
    current = np.arange(60) >= 30
    group = np.r_[np.ones(4), np.zeros(26), np.ones(11), np.zeros(19)].astype(int)
    found = scan(np.arange(60), current, group, n_permutations=9999)
    exact = stats.fisher_exact([[4, 26], [11, 19]]).pvalue
    assert found.p_value[1] == pytest.approx(exact, abs=0.01)


def test_shuffles_of_units_in_one_window_are_all_equally_likely():
    units = units_of(np.arange(4), np.array([True, False, True, False]))
    drawn = np.concatenate(list(shuffled_windows(units, 6000, np.random.default_rng(0))), axis=1)
    kinds, counts = np.unique(drawn, axis=1, return_counts=True)
    assert {tuple(k) for k in kinds.T} == {
        tuple(i in chosen for i in range(4)) for chosen in itertools.combinations(range(4), 2)
    }
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_unit_in_both_windows_swaps_its_windows_and_no_others():
    units = units_of(np.array(["a", "a", "b", "c"]), np.array([True, False, True, False]))
    drawn = np.concatenate(list(shuffled_windows(units, 200, np.random.default_rng(0))), axis=1)
    first, second = (units.unit == 0).nonzero()[0]
    assert (drawn[first] != drawn[second]).all()
    assert 60 < drawn[first].sum() < 140


def test_strata_keep_their_windows():
    stratum = np.repeat([0, 1], 20)
    current = np.r_[np.arange(20) < 5, np.arange(20) < 15]
    units = units_of(np.arange(40), current, stratum)
    for labels in shuffled_windows(units, 100, np.random.default_rng(0)):
        assert (labels[units.stratum == 0].sum(axis=0) == 5).all()
        assert (labels[units.stratum == 1].sum(axis=0) == 15).all()


def test_step_down_p_values_are_ordered_and_never_below_the_single_ones():
    rng = np.random.default_rng(1)
    current, group = np.arange(2000) >= 1000, rng.integers(0, 40, 2000)
    group[rng.random(2000) < 0.05 * current] = 0
    found = scan(np.arange(2000), current, group)
    order = np.argsort(-np.abs(found.statistic))
    assert (np.diff(found.p_adjusted[order]) >= 0).all()
    assert (found.p_adjusted >= found.p_value).all()
    assert found.p_adjusted[0] <= 0.01
    assert (found.p_adjusted[1:] > 0.05).all()


def test_one_users_paste_is_significant_by_row_and_not_by_user():
    rng = np.random.default_rng(2)
    current = np.arange(1000) >= 500
    group = rng.integers(1, 50, 1000)
    user = rng.integers(0, 200, 1000)
    group[960:], user[960:] = 0, 999
    assert scan(np.arange(1000), current, group).p_adjusted[0] < 0.01
    assert scan(user, current, group).p_adjusted[0] > 0.2


def test_the_same_change_spread_over_users_is_found():
    rng = np.random.default_rng(3)
    current = np.arange(1000) >= 500
    group = rng.integers(1, 50, 1000)
    user = rng.integers(0, 200, 1000)
    group[960:] = 0
    assert scan(user, current, group).p_adjusted[0] < 0.01


def test_no_change_is_said_to_show_where_none_would():
    units = units_of(np.arange(16), np.arange(16) >= 8)
    counts = count_rows(units, np.zeros(16, dtype=int), np.zeros((0, 1), dtype=np.float32))
    assert smallest_changes(counts, scan_shares(counts).critical) == (None, None)


def heavy_users(rng, n_baseline, n_current, *, both):
    """Windows without drift: users of heavy-tailed activity who each ask about few things."""
    n_users = 200
    tastes = rng.integers(0, 40, (n_users, 3))
    is_current = np.arange(n_baseline + n_current) >= n_baseline
    user = np.empty(len(is_current), dtype=int)
    for window, n in ((False, n_baseline), (True, n_current)):
        activity = rng.lognormal(0, 1.5, n_users) * (rng.random(n_users) < 0.7)
        drawn = rng.choice(n_users, n, p=activity / activity.sum())
        user[is_current == window] = drawn if both else drawn + n_users * window
    group = tastes[user % n_users, rng.integers(0, 3, len(user))]
    return user, is_current, group


@pytest.mark.slow
@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("sizes", [(500, 500), (1200, 300), (300, 1200)])
def test_heavy_tailed_users_without_drift_raise_at_most_the_promised_alarms(sizes, both):
    rng = np.random.default_rng(4)
    alarms = 0
    for seed in range(100):
        user, current, group = heavy_users(rng, *sizes, both=both)
        found = scan(user, current, group, n_permutations=199, seed=seed)
        alarms += bool((found.p_adjusted <= 0.05).any())
    # More than 10 of 100 at a true rate of 5 % happen once in 90 such tests.
    assert alarms <= 10
