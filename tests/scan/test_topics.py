"""Topics that style is told apart from."""

import numpy as np

from llmops_lab._scan.tree_scan import topics
from llmops_lab._scan.units import units_of


def test_topics_of_half_the_units_do_not_know_how_these_are_labelled():
    rng = np.random.default_rng(0)
    n = 400
    axes = rng.normal(size=(n, 8)).astype(np.float32)
    current = np.arange(n) >= n // 2
    found = topics(axes, units_of(np.arange(n), current))
    mine = found % 2 == 0
    assert 100 < mine.sum() < 300
    relabelled = current.copy()
    relabelled[mine] = rng.permutation(current[mine])
    again = topics(axes, units_of(np.arange(n), relabelled))
    assert (again[mine] == found[mine]).all()
    assert (again[~mine] != found[~mine]).any()


def test_people_who_write_differently_stay_in_their_topic():
    rng = np.random.default_rng(1)
    n = 800
    truth = rng.integers(0, 20, n)
    current = np.arange(n) >= n // 2
    axes = 3 * rng.normal(size=(20, 8))[truth] + 0.1 * rng.normal(size=(n, 8))
    axes[current, 0] += 20
    found = topics(axes.astype(np.float32), units_of(np.arange(n), current))
    mixed = [0 < current[found == group].mean() < 1 for group in np.unique(found)]
    assert np.mean(mixed) > 0.9
