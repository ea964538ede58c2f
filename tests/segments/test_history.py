"""What became of last week's segments, worked by hand."""

import numpy as np

from llmops_lab._segments.history import Fate, fates


def blocks(*parts):
    """Membership of rows now and as assigned to the segments before, from (now, before, n)."""
    now = np.concatenate([np.full(n, new) for new, _, n in parts])
    before = np.concatenate([np.full(n, old) for _, old, n in parts])
    return now, before


def test_a_segment_with_the_same_queries_goes_on():
    now, before = blocks((0, 1, 80), (0, -1, 20), (1, 0, 50))
    assert fates(now, before, 2, 2) == [Fate("continued", 0, 1), Fate("continued", 1, 0)]


def test_queries_of_no_segment_before_appear():
    now, before = blocks((0, 0, 50), (1, -1, 50))
    assert fates(now, before, 2, 1) == [Fate("continued", 0, 0), Fate("appeared", 1, None)]


def test_of_two_halves_the_larger_goes_on_and_the_other_split_off():
    now, before = blocks((0, 0, 60), (1, 0, 40))
    assert fates(now, before, 2, 1) == [Fate("continued", 0, 0), Fate("split", 1, 0)]


def test_a_segment_that_takes_in_another_goes_on_and_the_other_merged():
    now, before = blocks((0, 0, 60), (0, 1, 40))
    assert fates(now, before, 1, 2) == [Fate("continued", 0, 0), Fate("merged", 0, 1)]


def test_a_segment_without_queries_disappeared():
    now, before = blocks((0, 0, 60))
    assert fates(now, before, 1, 2)[1:] == [Fate("disappeared", None, 1)]


def test_a_large_new_segment_does_not_take_the_name_of_a_small_one_it_swallowed():
    now, before = blocks((0, -1, 900), (0, 0, 30))
    assert fates(now, before, 1, 1) == [Fate("appeared", 0, None), Fate("merged", 0, 0)]


def test_pairs_are_chosen_for_all_segments_together():
    # Greedily, old 0 would go to new 0 (Jaccard 0.55) and leave both others without a partner.
    now, before = blocks((0, 0, 55), (0, 1, 45), (1, 0, 45))
    found = fates(now, before, 2, 2)
    assert found == [Fate("continued", 0, 1), Fate("continued", 1, 0)]


def test_nothing_before_and_nothing_now_are_no_fault():
    nothing = np.array([-1, -1])
    assert fates(nothing, nothing, 0, 0) == []
    assert fates(nothing, nothing, 0, 1) == [Fate("disappeared", None, 0)]
    assert fates(np.array([0, 0]), nothing, 1, 0) == [Fate("appeared", 0, None)]
