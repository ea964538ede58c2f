"""Evidence that may be looked at after every case."""

import numpy as np
import pytest

from llmops_lab._gates.evidence import Evidence


def stops(better, worse, margin, *, n, runs):
    """After how many cases each of some simulated runs is stopped; 0 for never."""
    chance = np.random.default_rng(7)
    found = []
    for draws in chance.random((runs, n)):
        evidence = Evidence(margin, alpha=0.05)
        for draw in draws:
            evidence.add(1.0 if draw < better else -1.0 if draw < better + worse else 0.0)
            if evidence.is_enough:
                break
        found.append(evidence.n if evidence.is_enough else 0)
    return np.array(found)


@pytest.mark.parametrize(("better", "worse", "margin"), [(0.05, 0.05, 0.0), (0.025, 0.075, 0.05)])
def test_looking_after_every_case_raises_no_more_false_alarms_than_alpha(better, worse, margin):
    alarms = (stops(better, worse, margin, n=300, runs=400) > 0).mean()
    # Three standard errors above 5 % in 400 runs would be 8 %; measured 2 %.
    assert alarms < 0.05


def test_a_loss_of_ten_points_is_found_after_about_130_cases():
    # ../shared/evals.md: 131 cases on average, without a margin.
    found = stops(0.05, 0.15, 0.0, n=600, runs=150)
    assert (found > 0).mean() > 0.97
    assert found[found > 0].mean() == pytest.approx(131, rel=0.2)


def test_a_case_that_does_not_change_is_evidence_for_the_margin():
    evidence = Evidence(0.05, 0.05)
    evidence.add(0.0)
    assert evidence.e_value < 1
