"""Who made a row, and the blocks that a permutation moves whole."""

import numpy as np
import polars as pl
import pytest

from llmops_lab._scan.units import bags_of, called, resampled_units, unit_ids, units_of
from llmops_lab.errors import LabError


def test_a_unit_is_the_user_else_the_conversation_else_the_trace():
    frame = pl.DataFrame(
        {
            "trace_id": ["t1", "t2", "t3", None],
            "conversation_id": ["c1", "c1", None, None],
            "user_id": ["c1", None, None, None],
        }
    )
    ids = unit_ids(frame, "user_id").tolist()
    assert ids == ["user_id:c1", "conversation_id:c1", "trace_id:t3", "3"]
    assert [called(each) for each in ids[:3]] == ["c1", "conversation c1", "trace t3"]
    assert unit_ids(frame, "trace_id").tolist()[3] == "3"
    with pytest.raises(LabError, match=r"no column 'team'.*trace_id, conversation_id, user_id"):
        unit_ids(frame, "team")


def test_blocks_are_of_one_unit_window_and_stratum():
    unit = np.array(["a", "b", "a", "a", "c", "a"])
    is_current = np.array([False, False, False, True, True, True])
    stratum = np.array(["x", "x", "y", "x", "y", "x"])
    units = units_of(unit, is_current, stratum)
    rows = [np.flatnonzero(units.block == b).tolist() for b in range(len(units.n_rows))]
    assert sorted(rows) == [[0], [1], [2], [3, 5], [4]]
    for block, members in enumerate(rows):
        assert units.n_rows[block] == len(members)
        assert units.is_current[block] == is_current[members[0]]
    # Only unit a has a block in each window, and only within stratum x.
    (pair,) = units.paired
    assert (rows[pair], rows[units.partner[pair]]) == ([0], [3, 5])
    assert (units.partner >= 0).sum() == 2
    assert units.n_units == 3


def test_resampling_draws_each_unit_once_on_average_and_bags_hold_as_many():
    rng = np.random.default_rng(0)
    weights = resampled_units(50, 2000, rng)
    assert (weights.sum(axis=1) == 50).all()
    # A count of a multinomial: mean 1, variance 1 − 1/50.
    assert weights.mean(axis=0) == pytest.approx(np.ones(50), abs=0.12)
    assert weights.var() == pytest.approx(0.98, abs=0.02)
    assert sorted(bags_of(100, rng)) == list(range(100))
    sizes = np.bincount(bags_of(10_000, rng))
    assert (len(sizes), set(sizes)) == (4000, {2, 3})
