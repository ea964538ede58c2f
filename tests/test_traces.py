"""Traces: the tree, who carries usage, rows per trace."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from llmops_lab.errors import ColumnError, LabError
from llmops_lab.traces import Traces

START = datetime(2026, 1, 1, tzinfo=UTC)


def span(span_id, parent=None, **columns):
    known = {"trace_id": "a", "span_id": span_id, "parent_span_id": parent, "start_time": START}
    return {**known, **columns}


def traces(*spans, **side_tables):
    frame = pl.DataFrame(list(spans), infer_schema_length=None)
    return Traces.from_frame(frame, side_tables=side_tables)


def roles(found):
    return dict(found.spans.select("span_id", "usage_role").iter_rows())


def test_a_parent_that_repeats_its_childs_tokens_is_a_rollup_at_any_distance():
    found = traces(
        span("1", kind="agent", input_tokens=10),
        span("2", "1", kind="chain"),
        span("3", "2", kind="llm", input_tokens=10),
    )
    assert roles(found) == {"1": "rollup", "2": "none", "3": "leaf"}
    assert found.rows["input_tokens"].to_list() == [10]
    assert found.spans["depth"].to_list() == [0, 1, 2]


def test_one_call_recorded_by_two_instrumentors_counts_once():
    call = {"kind": "llm", "request_model": "m", "duration_s": 1.0}
    found = traces(
        span("0", kind="chain"),
        span("1", "0", scope_name="langchain", **call),
        span(
            "2",
            "0",
            scope_name="openai",
            input_tokens=5,
            **{**call, "start_time": START + timedelta(milliseconds=3)},
        ),
    )
    assert roles(found) == {"0": "none", "1": "duplicate", "2": "leaf"}
    assert found.rows["n_llm_calls"].to_list() == [1]


def test_of_two_records_of_one_call_the_inner_ones_tokens_count():
    call = {"kind": "llm", "duration_s": 1.0}
    found = traces(
        span("1", scope_name="agno", request_model="gpt-4o", input_tokens=1568, **call),
        span(
            "2",
            "1",
            scope_name="openai",
            request_model="gpt-4o-2024-08-06",
            input_tokens=663,
            **call,
        ),
    )
    assert found.rows["input_tokens"].to_list() == [663]
    assert found.rows["n_llm_calls"].to_list() == [1]


def test_an_llm_span_around_calls_is_no_call_of_its_own():
    found = traces(
        span("1", kind="llm"),
        span("2", "1", kind="llm", input_tokens=5),
        span("3", "1", kind="llm", input_tokens=6),
    )
    assert found.rows.select("n_llm_calls", "input_tokens").row(0) == (2, 11)


def test_a_guardrails_verdict_is_no_answer_of_the_trace():
    found = traces(span("1", kind="agent"), span("2", "1", kind="guardrail", output_text="allow"))
    assert found.rows["output_text"].to_list() == [None]


def test_two_calls_of_one_scope_at_one_moment_are_two_calls():
    call = {"kind": "llm", "request_model": "m", "duration_s": 1.0, "input_tokens": 5}
    found = traces(*(span(i, scope_name="openai", **call) for i in "12"))
    assert found.rows["input_tokens"].to_list() == [10]


def test_equal_response_ids_are_one_call():
    call = {"kind": "llm", "response_id": "r", "input_tokens": 5}
    assert traces(span("1", **call), span("2", **call)).rows["input_tokens"].to_list() == [5]


def test_a_span_whose_parent_is_not_in_the_file_is_an_orphan_root():
    found = traces(span("1", "elsewhere")).spans
    assert found.select("is_root", "is_orphan", "depth").row(0) == (True, True, 0)


def test_spans_in_a_cycle_do_not_hang():
    assert traces(span("1", "2"), span("2", "1")).spans.height == 2


def test_tokens_nobody_reported_stay_unknown():
    row = traces(span("1", kind="llm")).rows.row(0, named=True)
    assert row["input_tokens"] is None
    assert row["cost_usd"] is None


@pytest.mark.parametrize(
    ("values", "expected"), [([-1.0], 0.0), ([0.0, 1.0], 0.5), ([5.0, 3.0], 0.75)]
)
def test_feedback_is_read_on_its_own_scale(values, expected):
    n = len(values)
    scores = pl.DataFrame(
        {"trace_id": ["a"] * n, "name": ["q"] * n, "value": values, "source": ["human"] * n}
    )
    assert traces(span("1"), scores=scores).rows["feedback"].to_list() == [expected]


def test_between_keeps_whole_traces_that_start_inside():
    found = traces(span("1"), span("2", trace_id="b", start_time=START + timedelta(days=1)))
    assert found.between("2026-01-01", "2026-01-02").rows["trace_id"].to_list() == ["a"]


def test_a_frame_without_span_id_says_what_it_has():
    with pytest.raises(ColumnError, match="no column span_id; there are: x"):
        Traces.from_frame(pl.DataFrame({"x": [1]}))


def test_split_gives_the_traces_before_and_from_a_moment():
    found = traces(span("1"), span("2", trace_id="b", start_time=START + timedelta(days=1)))
    baseline, current = found.split("2026-01-02")
    assert (baseline.rows["trace_id"].to_list(), current.rows["trace_id"].to_list()) == (
        ["a"],
        ["b"],
    )


def test_a_split_outside_the_data_says_where_the_data_is():
    with pytest.raises(LabError, match=r"start from \d{4}-01-01T\d\d:\d\d to \S+ UTC$"):
        traces(span("1")).split("2027-01-01")


def test_within_takes_an_interval_whose_end_is_excluded():
    found = traces(span("1"), span("2", trace_id="b", start_time=START + timedelta(days=1)))
    assert found.within("2026-01-01/2026-01-02").rows["trace_id"].to_list() == ["a"]


@pytest.mark.parametrize(
    ("interval", "says"),
    [
        ("2026-01-01", "is no interval; write START/END"),
        ("yesterday/2026-01-02", "'yesterday' is no time"),
        ("2027-01-01/2027-02-01", "traces start from 2026-01-01"),
    ],
)
def test_a_window_that_cannot_be_cut_says_why(interval, says):
    with pytest.raises(LabError, match=says):
        traces(span("1")).within(interval)
