"""From nodes to segments: which of many overlapping nodes is named."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.findings import (
    bursts,
    changed_shares,
    disjoint,
    kind_of,
    mostly_apart,
    purest_apart,
    stability,
)
from llmops_lab._scan.permutation import ScanResult
from llmops_lab._scan.tree_scan import Nodes
from llmops_lab._scan.units import units_of


def mask(*rows):
    return np.isin(np.arange(20), rows)


def test_of_nested_groups_about_as_strong_the_one_of_sharpest_contrast_is_named():
    whole, core = mask(*range(10)), mask(*range(6))
    assert purest_apart([whole, core], np.array([5.0, 4.2]), np.array([0.6, 0.9])) == [1]


def test_a_much_weaker_group_does_not_stand_for_the_strongest():
    whole, core = mask(*range(10)), mask(*range(4))
    assert purest_apart([whole, core], np.array([5.0, 3.9]), np.array([0.6, 0.9])) == [0]


def test_named_groups_share_no_row_and_opposite_changes_are_no_rivals():
    risen, fallen, apart = mask(0, 1, 2, 3), mask(0, 1), mask(10, 11)
    strength, contrast = np.array([5.0, 4.9, 4.0]), np.array([0.5, -0.9, 0.4])
    assert purest_apart([risen, fallen, apart], strength, contrast) == [0, 2]


def test_a_second_change_inside_the_strongest_group_is_named_beside_the_sharpest():
    both, new, grown = mask(*range(12)), mask(*range(5)), mask(*range(5, 11))
    strength, contrast = np.array([7.6, 6.2, 6.1]), np.array([0.6, 0.9, 0.5])
    assert purest_apart([both, new, grown], strength, contrast) == [1, 2]


def test_of_groups_that_share_a_row_the_first_in_order_stays():
    groups = [mask(0, 1), mask(1, 2), mask(3), mask(4)]
    assert disjoint(groups, np.array([1, 0, 2, 3]), mask(4)) == [1, 2]


def test_of_groups_that_overlap_by_more_than_a_fifth_the_one_that_changed_most_stands_for_all():
    wide, sharp, weak = mask(*range(10)), mask(*range(5)), mask(*range(3))
    beside = mask(8, 9, *range(10, 18))  # a fifth of its ten rows lies in the first
    strength, size = np.array([5.0, 4.6, 4.4, 3.0]), np.array([0.1, 0.3, 0.9, 0.2])
    # 4.6 is nine tenths of 5 or more, 4.4 is less.
    assert mostly_apart([wide, sharp, weak, beside], strength, size) == [1, 3]
    # A fifth is of the smaller group.
    assert mostly_apart([mask(*range(18)), weak], strength[[0, 3]], size[:2]) == [0]


@pytest.mark.parametrize(
    ("then", "now", "kind"),
    [
        (0.01, 0.041, "emerging"),
        (0.01, 0.04, "grown"),
        (0.041, 0.01, "vanished"),
        (0.04, 0.01, "shrunk"),
        (0.0, 0.01, "emerging"),
    ],
)
def test_a_share_less_than_a_quarter_of_what_it_was_or_became_is_new_or_gone(then, now, kind):
    assert kind_of(then, now) == kind


def compared(user, is_current):
    who = tuple(f"user_id:{name}" for name in np.unique(user).tolist())
    units = units_of(user, is_current)
    nothing = np.zeros((len(user), 1), np.float32)
    return Comparison(pl.DataFrame(), nothing, is_current, units, who=who)


def one_node(rows):
    return Nodes(rows.astype(np.int64), np.array([[0, 1]], dtype=np.float32))


def found(p_adjusted):
    return ScanResult(np.array([2.0]), np.array([0.2]), np.array([p_adjusted]), 3.0)


@pytest.mark.parametrize(("n_users", "named"), [(1, ["new0"]), (3, ["new0", "new1", "new2"])])
def test_a_node_that_at_most_three_users_grew_is_a_burst_and_names_them(n_users, named):
    # 400 users of one row in each window; then some users ask for one thing 30 times in all.
    user = np.r_[[f"u{i}" for i in range(400)] * 2, [f"new{i % n_users}" for i in range(30)]]
    both = compared(user, np.arange(830) >= 400)
    rows = np.arange(830) >= 800
    rows[[3, 700]] = True
    nothing = np.zeros(830, dtype=bool)
    (burst,) = bursts(both, one_node(rows), found(0.5), nothing, 0.05)
    assert (burst.kind, sorted(burst.extra["burst_by"])) == ("burst", named)
    assert burst.extra["burst_users"] == n_users
    assert (burst.rows == rows).all()
    # What is tested and found, or taken already, is no burst.
    assert bursts(both, one_node(rows), found(0.01), nothing, 0.05) == []
    assert bursts(both, one_node(rows), found(0.5), rows, 0.05) == []


def test_what_ten_users_grew_or_chance_could_is_no_burst():
    user = np.r_[[f"u{i}" for i in range(400)] * 2, [f"new{i % 10}" for i in range(30)]]
    both, nothing = compared(user, np.arange(830) >= 400), np.zeros(830, dtype=bool)
    assert bursts(both, one_node(np.arange(830) >= 800), found(0.5), nothing, 0.05) == []
    few = np.arange(830) >= 828
    assert stats.binom.sf(1, 2, 430 / 830) > 0.05
    assert bursts(both, one_node(few), found(0.5), nothing, 0.05) == []


def test_a_share_that_changed_comes_with_its_kind_and_the_test_it_passed():
    both = compared(np.arange(200), np.arange(200) >= 100)
    rows = np.isin(np.arange(200), [5, *range(150, 170)])
    result = ScanResult(np.array([4.5]), np.array([0.001]), np.array([0.02]), 3.0)
    (one,) = changed_shares(both, one_node(rows), result, 0.05)
    assert (one.kind, one.statistic, one.p_value, one.p_adjusted) == ("emerging", 4.5, 0.001, 0.02)
    assert (one.rows == rows).all()
    assert len(changed_shares(both, one_node(rows), result, 0.02)) == 1
    assert changed_shares(both, one_node(rows), result, 0.01) == []


def test_a_group_of_its_own_is_stable_and_one_drawn_at_random_is_not():
    rng = np.random.default_rng(3)
    centres = rng.normal(0, 1, (15, 16))
    group = np.repeat(np.arange(15), 30)
    matrix = (centres[group] + rng.normal(0, 0.05, (450, 16))).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    current = np.arange(450) % 2 == 0
    frame = pl.DataFrame({"text": ["where is it"] * 450})
    both = Comparison(frame, matrix, current, units_of(np.arange(450), current))
    tight, random = stability(both, [group == 1, rng.random(450) < 1 / 15])
    assert tight > 0.9
    assert random < 0.5
