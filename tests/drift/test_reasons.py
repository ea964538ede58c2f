"""Why a metric changed, in sentences."""

from types import SimpleNamespace

import polars as pl

from llmops_lab._drift.reasons import metric_lines


def report_of(p_adjusted):
    """Failures 5 % → 9 %: 3 points of answers on returns, 0.6 of its growth, 0.4 elsewhere."""
    overall = {"segment": None, "metric": "error_rate", "baseline": 0.05, "current": 0.09}
    overall |= {"change": 0.04, "change_low": 0.02, "change_high": 0.06}
    overall |= {"p_adjusted": p_adjusted}
    parts = [(0, 0.1, 0.12, 0.006, 0.03), (None, 0.9, 0.88, 0.0, 0.004)]
    return SimpleNamespace(
        alpha=0.05,
        frame=pl.DataFrame({"segment": [0], "name": ["returns"]}),
        quality=pl.DataFrame([overall]),
        decomposition=pl.DataFrame(
            [("error_rate", *part) for part in parts],
            schema=["metric", "segment", "share_baseline", "share_current", "mix", "rate"],
            orient="row",
        ),
    )


def test_a_change_is_told_by_its_largest_parts():
    assert metric_lines(report_of(0.005)) == [
        "Failures 5.0 % → 9.0 % (+2.0 to +6.0 points): +3.0 points from answers on returns,"
        " +0.6 points from more queries on returns, +0.4 points everywhere else"
    ]


def test_a_change_that_may_be_chance_is_not_told():
    assert metric_lines(report_of(0.006)) == []
