"""Why a metric changed, in sentences."""

from types import SimpleNamespace

import polars as pl
import pytest

from llmops_lab._drift.reasons import metric_lines, metric_table


def report_of(p_adjusted, change=0.04, low=0.02, high=0.06):
    """Failures 5 % → 9 %: 3 points of answers on returns, 0.6 of its growth, 0.4 elsewhere."""
    overall = {"segment": None, "metric": "error_rate", "baseline": 0.05, "current": 0.09}
    overall |= {"change": change, "change_low": low, "change_high": high}
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
        "Failures: +3.0 points from answers on returns, +0.6 points from more queries on returns,"
        " +0.4 points everywhere else"
    ]


def test_a_change_that_may_be_chance_is_not_told():
    assert metric_lines(report_of(0.006)) == []


@pytest.mark.parametrize(
    ("p_adjusted", "change", "verdict"),
    [
        (0.005, (0.04, 0.02, 0.06), "✗ worse"),
        (0.005, (-0.04, -0.06, -0.02), "✓ better"),
        (0.006, (0.04, 0.02, 0.06), "not sure"),
        (0.9, (0.0001, -0.02, 0.03), "no change seen"),
    ],
)
def test_every_metric_stands_in_the_table_with_its_verdict(p_adjusted, change, verdict):
    table = metric_table(report_of(p_adjusted, *change), why=False)
    assert table is not None
    (row,) = table.rows
    assert [str(cell) for cell in row[:3]] == ["failures", "5.0 %", "9.0 %"]
    assert str(row[-1]) == verdict


def test_a_difference_of_nothing_has_no_sign():
    table = metric_table(report_of(0.9, -0.0001, -0.02, 0.03), why=True)
    assert table is not None
    assert str(table.rows[0][3]) == "0.0 points (−2.0 to +3.0)"


def test_a_report_of_no_metric_has_no_table():
    report = report_of(0.9)
    report.quality = report.quality.clear()
    assert metric_table(report, why=True) is None
