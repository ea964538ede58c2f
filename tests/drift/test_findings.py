"""From nodes to segments: which of many overlapping nodes is named."""

import numpy as np

from llmops_lab._drift.findings import purest_apart


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
