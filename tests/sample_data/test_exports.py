"""The exports tell the same story: what one says of a trace, the others say too."""

import polars as pl
import pytest

import llmops_lab as lab

WEEKS = {"phoenix_week_1": 0, "langsmith_week_2": 1, "otlp_week_3": 2}
SAME = ("input_text", "user_id", "conversation_id", "prompt_version", "n_spans", "n_llm_calls",
        "n_tool_calls", "n_errors", "input_tokens", "output_tokens")  # fmt: skip


@pytest.fixture(scope="module", params=WEEKS)
def both(request, sample, whole):
    """One tool's week and the same week of the main export, joined by trace."""
    name = request.param
    read = lab.read_traces(sample / "traces" / f"{name}.jsonl.zst")
    assert not read.rejected.height
    rows = read.rows.with_columns(pl.col("trace_id").str.replace_all("-", ""))
    first = pl.datetime(2026, 3, 2 + 7 * WEEKS[name], time_zone="UTC")
    theirs = whole.rows.filter(
        pl.col("start_time") >= first, pl.col("start_time") < first + pl.duration(days=7)
    )
    joined = rows.join(theirs, on="trace_id", suffix="_main", validate="1:1")
    assert joined.height == rows.height == theirs.height > 1500
    return joined


def test_the_main_export_holds_every_trace_and_nothing_is_rejected(whole, truth):
    assert not whole.rejected.height
    assert whole.rows.height == truth["n_traces"]
    assert whole.spans.height == truth["n_spans"]


@pytest.mark.parametrize("column", SAME)
def test_a_trace_is_the_same_in_either_export(both, column):
    assert both[column].equals(both[f"{column}_main"].alias(column), null_equal=True)


def test_times_differ_by_no_more_than_the_millisecond_that_is_cut_off(both):
    apart = (both["start_time"] - both["start_time_main"]).dt.total_microseconds().abs()
    assert apart.max() < 1000
    assert (both["duration_s"] - both["duration_s_main"]).abs().max() < 0.001


def test_costs_are_the_same_and_what_the_tools_report(both):
    assert (both["cost_usd"] - both["cost_usd_main"]).abs().max() < 1e-9
    reported = both.filter(pl.col("cost_reported_usd") > 0)  # OTLP carries no cost
    assert not (reported["cost_usd"] - reported["cost_reported_usd"]).abs().gt(1e-6).any()


def test_answers_are_the_same(both):
    answered = both.filter(pl.col("status_main") == "ok")
    assert answered.height > 1500
    assert (answered["output_text"] == answered["output_text_main"]).all()


def test_thumbs_are_read_from_every_export(both, whole, exported):
    given = {trace.trace_id: trace.thumb for trace in exported if trace.thumb is not None}
    rows = whole.rows.drop_nulls("feedback")
    assert dict(zip(rows["trace_id"], rows["feedback"], strict=True)) == given
    assert both["feedback"].equals(both["feedback_main"].alias("feedback"), null_equal=True)


def test_guardrail_hits_are_read_from_every_export_that_has_guardrails(both, whole, exported):
    hits = whole.rows.filter(pl.col("guardrail_hit"))["trace_id"].to_list()
    assert sorted(hits) == sorted(trace.trace_id for trace in exported if trace.denied)
    if both["source_format"][0] != "langsmith":  # it knows no guardrails
        assert both["guardrail_hit"].equals(both["guardrail_hit_main"].alias("guardrail_hit"))


def test_the_first_token_is_as_late_in_either_export(both):
    known = both.drop_nulls("ttft_s_main")
    assert known.height > 1500
    # From the trace's start to the call's, and from there to the token: both cut to milliseconds.
    assert (known["ttft_s"] - known["ttft_s_main"]).abs().max() < 0.0021
