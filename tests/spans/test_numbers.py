"""Scores that are numbers, per trace."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from llmops_lab import Traces, detect_drift
from llmops_lab._spans.checks import number_given, number_names
from tests._planted import Planter, intents
from tests._planted import traces_of as planted_traces

START = datetime(2026, 3, 2, tzinfo=UTC)


def scored(*scores):
    """Two traces and these scores: trace, name, value, and other columns."""
    spans = pl.DataFrame(
        {"trace_id": ["a", "b"], "span_id": ["s", "t"], "start_time": [START, START]}
    )
    columns = ("trace_id", "name", "value")
    rows = [{**dict(zip(columns, first, strict=True)), **more} for first, more in scores]
    return Traces.from_frame(spans).with_scores(pl.DataFrame(rows)).rows


def test_a_number_that_scored_several_spans_is_their_mean():
    rows = scored(
        (("a", "relevance", 0.2), {"span_id": "s"}),
        (("a", "relevance", 0.6), {"span_id": "u"}),
        (("a", "depth", 7.0), {"span_id": "s"}),
    )
    assert rows["numbers"].to_list() == [
        [{"name": "depth", "value": 7.0}, {"name": "relevance", "value": 0.4}],
        None,
    ]
    assert number_names(rows) == ["depth", "relevance"]
    assert rows.select(number_given("relevance")).to_series().to_list() == [0.4, None]


@pytest.mark.parametrize(
    "more",
    [
        {"label": "fail"},
        {"data_type": "boolean"},
        {"data_type": "expectation"},
        {"source": "human"},
        {"valid": False},
    ],
)
def test_verdicts_feedback_expectations_and_invalid_scores_are_no_numbers(more):
    rows = scored((("a", "relevance", 0.2), more))
    assert rows["numbers"].to_list() == [None, None]
    assert number_names(rows) == []


def test_a_number_that_falls_is_a_change_of_quality(shared):
    planter = Planter(intents(shared), seed=7)
    windows = []
    for window, level in ((0, 0.8), (1, 0.6)):
        traces = planted_traces(planter.rows(400, window, {}), "bc"[window])
        ids = traces.rows["trace_id"]
        values = np.clip(planter.rng.normal(level, 0.1, len(ids)), 0, 1)
        scores = pl.DataFrame({"trace_id": ids, "name": "relevance", "value": values})
        windows.append(traces.with_scores(scores))
    report = detect_drift(*windows)
    row = report.quality.filter(pl.col("segment").is_null(), metric="relevance_score")
    then, now = (w.scores["value"].mean() for w in windows)
    assert row["change"].item() == pytest.approx(now - then, abs=0.02)
    assert row["change_low"].item() < -0.2 < row["change_high"].item()
    assert row["p_adjusted"].item() <= 0.005
    assert "relevance score changed" in str(report)
