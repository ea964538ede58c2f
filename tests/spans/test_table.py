"""How traces show themselves: what they hold, and none of their text."""

from datetime import UTC, datetime

import polars as pl
import pytest

from llmops_lab.traces import Traces

START = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
CALL = {"kind": "llm", "start_time": START, "end_time": START, "input_text": "my secret"}


def traces(*spans, **side_tables):
    rows = [{"span_id": str(i), **CALL, **span} for i, span in enumerate(spans)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return Traces.from_frame(frame, side_tables=side_tables, source="export.jsonl")


@pytest.fixture
def some():
    rejected = pl.DataFrame({"line": [3, 9, 4], "reason": ["no span id", "no span id", "no JSON"]})
    return traces(
        {"request_model": "small", "input_tokens": 1200, "output_tokens": 5, "cost_usd": 0.25},
        {"request_model": "small", "input_tokens": 1000, "output_tokens": 5, "user_id": "ann"},
        {"trace_id": "0", "kind": "tool", "user_id": "ben"},
        rejected=rejected,
    )


def test_traces_say_what_they_hold(some):
    assert str(some).splitlines() == [
        "Traces from export.jsonl",
        "2 traces, 3 spans",
        "time              2026-01-01 09:30 to 2026-01-01 09:30 UTC",
        "models, by calls  small (2)",
        "users             2",
        "tokens            2,200 in, 10 out",
        "cost              $0.250; 1 call without a price",
        "! 3 records could not be read: no span id (2), no JSON (1). See .rejected.",
    ]


def test_lines_of_a_log_are_counted_and_reasons_that_are_alike_are_named_once():
    reasons = {
        3: "not JSON from character 0 on",
        4: "not JSON from character 12 on",
        7: "startTime: 'yesterday' is not a time",
        8: "startTime: 'soon' is not a time",
        9: "no span_id",
    }
    rejected = pl.DataFrame({"line": list(reasons), "reason": list(reasons.values())})
    assert str(traces({}, rejected=rejected)).splitlines()[-1] == (
        "! 2 lines that are no JSON, first at line 3; 3 records could not be read: "
        "startTime: 'yesterday' is not a time and alike (2), no span_id (1). See .rejected."
    )
    only = rejected.head(1)
    assert "! 1 line that is no JSON, first at line 3. See" in str(traces({}, rejected=only))


def test_no_text_of_a_trace_is_shown(some):
    assert "my secret" not in some._repr_html_() + str(some) + repr(some)


def test_a_model_whose_name_is_markup_is_shown_as_text():
    html = traces({"request_model": "<b>x</b>"})._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_no_traces_show_that_there_are_none(some):
    assert "0 traces, 0 spans" in str(some.take([]))
