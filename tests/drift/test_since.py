"""The day a change began is told where the windows can tell it, and left out elsewhere."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.since import best_split, since
from llmops_lab._scan.units import units_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def hits(random, *, at, low=0.02, high=0.08, n=2000):
    """Days from 0 to 28 and whether each query is of a segment that grows on day `at`."""
    day = np.sort(random.random(n) * 28)
    return day, random.random(n) < np.where(day < at, low, high)


@pytest.mark.parametrize("at", [10, 14, 18])
def test_a_day_that_is_told_is_the_day_it_happened(at):
    random = np.random.default_rng(at)
    told = wrong = 0
    for _ in range(100):
        day, hit = hits(random, at=at)
        split = best_split(hit.astype(np.int64), int((day < 14).sum()))
        if day[split.last] - day[split.first] <= 3.5:
            told += 1
            wrong += abs(day[split.place] - at) > 1.5
    assert told > 50
    assert wrong <= 5


def compared(day, is_current):
    times = [START + timedelta(days=float(d)) for d in day]
    frame = pl.DataFrame({"start_time": times})
    units = units_of(np.arange(len(day)), is_current)
    return Comparison(frame, np.zeros((len(day), 1), np.float32), is_current, units)


def test_where_the_windows_meet_their_border_is_a_date():
    day, hit = hits(np.random.default_rng(1), at=14, low=0, high=0.1)
    found = since(compared(day, day >= 14), hit)
    assert found is not None
    assert abs(found - (START + timedelta(days=14))) < timedelta(days=1)


def test_days_between_the_windows_that_nobody_looked_at_are_no_date():
    day, hit = hits(np.random.default_rng(1), at=14, low=0, high=0.1)
    seen = (day < 10) | (day >= 18)
    assert since(compared(day[seen], day[seen] >= 14), hit[seen]) is None


def test_a_change_inside_a_window_far_from_the_other_has_its_date():
    day, hit = hits(np.random.default_rng(1), at=23, low=0, high=0.1)
    seen = (day < 10) | (day >= 18)
    found = since(compared(day[seen], day[seen] >= 14), hit[seen])
    assert found is not None
    assert abs(found - (START + timedelta(days=23))) < timedelta(days=1)


def test_a_slow_rise_has_no_date():
    random = np.random.default_rng(2)
    day = np.sort(random.random(2000) * 28)
    hit = random.random(2000) < 0.02 + 0.04 * day / 28
    assert since(compared(day, day >= 14), hit) is None
