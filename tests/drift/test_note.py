"""How a report is told: the table says by how much a segment got worse, not only that it did."""

from types import SimpleNamespace

import polars as pl

from llmops_lab._drift.note import table_rows


def test_a_segment_that_got_worse_shows_its_metric_then_and_now():
    row = {
        "name": "return",
        "kind": "worse",
        "metric": "negative_feedback_rate",
        "negative_feedback_rate_baseline": 0.11,
        "negative_feedback_rate_current": 0.54,
        "share_baseline": 0.16,
        "share_current": 0.15,
        "share_change_low": -0.03,
        "share_change_high": 0.02,
        "users_current": 131,
        "p_adjusted": 0.002,
        "exemplars": ["how many days"],
    }
    cells = table_rows(SimpleNamespace(frame=pl.DataFrame([row])))[0]
    assert cells[1] == "worse: negative feedback 11.0% → 54.0%"
