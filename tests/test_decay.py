"""Slow decay: planted in the answers of one model, absent elsewhere."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from llmops_lab.decay import EVERYTHING, detect_decay, metric_name
from llmops_lab.errors import LabError
from llmops_lab.plots import plot
from llmops_lab.traces import Traces

START = datetime(2026, 3, 1, tzinfo=UTC)


def traces(*, end=0.05, n=3500, days=35, seed=0):
    """100 queries a day; failures of model "slow" ramp up to `end` after day 14."""
    rng = np.random.default_rng(seed)
    day = rng.random(n) * days
    model = rng.choice(["slow", "fine"], n)
    rate = np.where(model == "slow", 0.05 + (end - 0.05) * np.clip(day - 14, 0, None) / 21, 0.05)
    frame = pl.DataFrame(
        {
            "span_id": [str(i) for i in range(n)],
            "start_time": [START + timedelta(days=float(d)) for d in day],
            "user_id": [f"u{i}" for i in rng.integers(0, 800, n)],
            "kind": ["llm"] * n,
            "request_model": model,
            "status": np.where(rng.random(n) < rate, "error", "ok"),
            "duration_s": rng.lognormal(size=n),
        }
    )
    return Traces.from_frame(frame)


@pytest.fixture(scope="module")
def report():
    return detect_decay(traces(end=0.25), by="model")


def test_a_slow_ramp_is_found_where_it_is(report):
    flagged = report.frame.filter("flagged")
    assert set(flagged["group"]) == {EVERYTHING, "model slow"}
    assert set(flagged["metric"]) == {"error_rate"}
    row = flagged.filter(group="model slow").row(0, named=True)
    assert row["rate_baseline"] == pytest.approx(0.05, abs=0.02)
    assert row["rate_week"] == pytest.approx(0.22, abs=0.06)
    assert 0 < row["change_low"] < row["change"] < row["change_high"]
    assert 14 <= (row["since"] - START.date()).days <= 28


def test_the_note_says_what_rose_from_what_to_what(report):
    text = str(report)
    assert "2 rates have risen" in text
    assert "15 Mar 2026 to 4 Apr 2026, against the baseline of 1 to 14 Mar 2026" in text
    assert "model slow" in text
    assert "failures" in text
    assert "<table" in report._repr_html_()


def test_days_add_up_to_the_traces(report):
    days = report.days.filter(group=EVERYTHING, metric="error_rate")
    assert days["n"].sum() == 3500
    assert days.filter("pinned").height == 14


def test_without_a_rise_few_reports_name_one():
    calm = [detect_decay(traces(seed=seed), by="model") for seed in range(12)]
    # 5 % promised (7 of 120 seen): 4 of 12 or more happen once in 400 such tests.
    assert sum(report.found for report in calm) <= 3
    quiet = next(report for report in calm if not report.found)
    assert "No rate has risen" in str(quiet)
    assert quiet.frame.height == 6
    everyone = quiet.frame.row(
        by_predicate=(pl.col("group") == EVERYTHING) & (pl.col("metric") == "error_rate"),
        named=True,
    )
    room = next(line for line in str(quiet).splitlines() if "could still be" in line)
    assert f"failures +{100 * everyone['change_high']:.1f}" in room


def test_too_few_traces_to_watch_a_rate_say_how_many_are_needed():
    few = detect_decay(traces(n=80))
    assert "Too few traces to watch a rate" in str(few)
    assert "100 known values in the baseline and 50 since" in str(few)
    assert "risen" not in str(few)
    with pytest.raises(LabError, match="too few traces"):
        plot(few)


def test_slow_queries_are_those_beyond_the_baselines_95th_percentile(report):
    row = report.frame.filter(metric="duration_s_high", group=EVERYTHING).row(0, named=True)
    assert row["rate_baseline"] == pytest.approx(0.05, abs=0.002)


def test_a_plot_has_a_panel_per_rate_that_rose(report):
    spec = plot(report).to_dict()
    assert [panel["title"]["text"] for panel in spec["vconcat"]] == (
        report.frame.filter("flagged")["group"].to_list()
    )


def test_too_few_days_say_how_many_are_needed():
    with pytest.raises(LabError, match="span 10 days; a baseline of 14 needs at least 17"):
        detect_decay(traces(days=10))
    with pytest.raises(LabError, match="no column tenant; there are: trace_id"):
        detect_decay(traces(), by="tenant")


def test_a_number_beyond_its_baseline_is_named_after_it():
    assert metric_name("relevance_score_high") == "high relevance score"
    assert metric_name("duration_s_high") == "slow queries"
