"""Summaries against numpy, statsmodels and counts worked by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from statsmodels.stats.proportion import proportion_confint

from llmops_lab.errors import ColumnError, LabError
from llmops_lab.summary import summarize
from llmops_lab.traces import Traces

START = datetime(2026, 1, 1, tzinfo=UTC)
SCORE = {"name": "thumbs", "source": "human"}


@pytest.fixture(scope="module")
def many():
    """3,000 calls, two models, ten days, some failed, some judged, some guarded."""
    chance = np.random.default_rng(5)
    n = 3000
    ids = [str(i) for i in range(n)]
    minutes = chance.integers(0, 14_400, n)
    spans = pl.DataFrame(
        {
            "trace_id": ids,
            "span_id": ids,
            "kind": "llm",
            "start_time": [START + timedelta(minutes=int(m)) for m in minutes],
            "duration_s": chance.lognormal(0, 1, n),
            "ttft_s": np.where(chance.random(n) < 0.5, chance.lognormal(-1, 1, n), np.nan),
            "request_model": chance.choice(["small", "large"], n, p=[0.9, 0.1]),
            "input_tokens": chance.integers(1, 1000, n),
            "status": chance.choice(["ok", "error"], n, p=[0.97, 0.03]),
        }
    ).with_columns(pl.col("ttft_s").fill_nan(None))
    judged = pl.DataFrame({"trace_id": ids[::7], "value": chance.integers(0, 2, len(ids[::7]))})
    verdicts = chance.choice(["allow", "deny"], len(ids[::3]), p=[0.9, 0.1])
    return Traces.from_frame(
        spans,
        side_tables={
            "scores": judged.with_columns(**{k: pl.lit(v) for k, v in SCORE.items()}),
            "guardrails": pl.DataFrame({"trace_id": ids[::3], "verdict": verdicts}),
        },
    )


def few(*rows, **side_tables):
    frame = pl.DataFrame(
        [{"trace_id": str(i), "span_id": str(i), "kind": "llm", **r} for i, r in enumerate(rows)],
        infer_schema_length=None,
    )
    return Traces.from_frame(frame, side_tables=side_tables)


def test_percentiles_per_group_are_numpys(many):
    frame = summarize(many, by="model").frame
    assert frame["model"].to_list() == ["large", "small"]
    for row in frame.iter_rows(named=True):
        mine = many.rows.filter(model=row["model"])
        for measure in ("duration_s", "ttft_s"):
            values = mine[measure].drop_nulls()
            assert row[f"{measure}_n"] == len(values)
            for percent in (50, 90, 95, 99):
                truth = np.percentile(values, percent)
                assert row[f"{measure}_p{percent}"] == pytest.approx(truth, rel=1e-12)


def test_bounds_of_a_percentile_are_values_that_were_seen_or_null(many):
    row = summarize(many.filter(pl.col("model") == "large")).frame.row(0, named=True)
    values = set(many.rows["duration_s"])
    assert 72 <= row["n"] < 368
    assert row["duration_s_p99_high"] is None
    assert {row["duration_s_p95_low"], row["duration_s_p95_high"]} <= values
    assert row["duration_s_p95_low"] < row["duration_s_p95"] < row["duration_s_p95_high"]


def test_rates_and_their_intervals_are_those_of_statsmodels(many):
    row = summarize(many, slo_s=1.5).frame.row(0, named=True)
    rows = many.rows
    observed = {
        "error_rate": rows["status"] == "error",
        "guardrail_rate": rows["guardrail_hit"].drop_nulls(),
        "negative_feedback_rate": rows["negative_feedback"].drop_nulls(),
        "within_slo_rate": rows["duration_s"] <= 1.5,
    }
    assert [row[f"{name}_n"] for name in observed] == [3000, 1000, 429, 3000]
    for name, hits in observed.items():
        low, high = proportion_confint(hits.sum(), len(hits), method="wilson")
        assert row[name] == pytest.approx(hits.mean())
        assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((low, high))


def test_a_rate_of_nothing_has_a_bound_of_exactly_nothing():
    row = summarize(few(*[{"status": "ok"}] * 20)).frame.row(0, named=True)
    assert (row["error_rate"], row["error_rate_low"]) == (0, 0)
    assert row["error_rate_high"] == pytest.approx(proportion_confint(0, 20, method="wilson")[1])


def test_what_was_not_observed_is_null_and_not_zero():
    row = summarize(few({"name": "x"})).frame.row(0, named=True)
    unknown = {k for k, v in row.items() if v is None}
    assert {"error_rate", "guardrail_rate", "negative_feedback_rate_low", "input_tokens"} <= unknown
    assert {"cost_usd", "cost_usd_mean", "duration_s_p50", "ttft_s_p99_high"} <= unknown
    assert (row["n"], row["error_rate_n"], row["duration_s_n"]) == (1, 0, 0)


def test_a_guardrail_that_did_not_run_found_nothing_and_is_not_counted():
    guardrails = pl.DataFrame(
        {"trace_id": ["0", "1", "2"], "verdict": ["deny", "allow", "not_run"]}
    )
    row = summarize(few({}, {}, {}, guardrails=guardrails)).frame.row(0, named=True)
    assert (row["guardrail_rate"], row["guardrail_rate_n"]) == (0.5, 2)


def test_time_buckets_start_on_the_hour_and_day_and_count_every_trace(many):
    days = summarize(many, every="1d").frame
    assert days["time"].to_list() == [START + timedelta(days=i) for i in range(10)]
    assert days["n"].sum() == 3000
    hours = summarize(many, by="model", every="6h").frame
    assert hours["n"].sum() == 3000
    assert set(hours["time"].dt.hour()) == {0, 6, 12, 18}
    assert hours.rows() == hours.sort("model", "time").rows()


def test_tokens_and_cost_add_up_over_groups_and_the_mean_is_over_known_costs():
    rows = [
        {"cost_usd": 1.0, "input_tokens": 5, "request_model": "a"},
        {"cost_usd": 3.0, "input_tokens": 7, "request_model": "a"},
        {"cost_usd": None, "input_tokens": 9, "request_model": "a"},
        {"cost_usd": None, "input_tokens": None, "request_model": "b"},
    ]
    frame = summarize(few(*rows), by="model").frame
    columns = ("n", "input_tokens", "cost_usd", "cost_usd_mean", "n_unpriced")
    assert frame.select(columns).rows() == [(3, 21, 4.0, 2.0, 1), (1, None, None, None, 0)]


def test_at_the_span_level_a_rollup_adds_no_tokens_and_hits_stay_with_their_span():
    spans = [
        {"trace_id": "t", "kind": "agent", "input_tokens": 10},
        {"trace_id": "t", "kind": "llm", "input_tokens": 10, "parent_span_id": "0"},
        {"trace_id": "t", "kind": "tool", "parent_span_id": "0", "status": "error"},
    ]
    guardrails = pl.DataFrame({"trace_id": ["t"], "span_id": ["1"], "verdict": ["deny"]})
    scores = pl.DataFrame([{"trace_id": "t", "span_id": "1", "value": 0.0, **SCORE}])
    found = few(*spans, guardrails=guardrails, scores=scores)
    frame = summarize(found, by="kind", level="span").frame.with_columns(pl.col("kind").cast(str))
    columns = ("kind", "input_tokens", "error_rate", "guardrail_rate", "negative_feedback_rate")
    assert sorted(frame.select(columns).rows()) == [
        ("agent", None, None, None, None),
        ("llm", 10, None, 1.0, 1.0),
        ("tool", None, 1.0, None, None),
    ]


def test_counting_in_buckets_stays_within_half_a_percent_and_changes_nothing_else(many):
    exact = summarize(many, by="model", every="1d").frame
    counted = summarize(many, by="model", every="1d", mode="histogram").frame
    measured = [c for c in exact.columns if "_s_p" in c]
    assert_frame_equal(exact.drop(measured), counted.drop(measured))
    assert_frame_equal(exact.select(measured), counted.select(measured), rel_tol=0.005)


def test_a_group_whose_key_is_unknown_is_a_group():
    frame = summarize(few({"user_id": "a"}, {"user_id": None}), by="user_id").frame
    assert frame.select("user_id", "n").rows() == [(None, 1), ("a", 1)]


def test_an_unknown_column_says_which_there_are(many):
    with pytest.raises(ColumnError, match=r"no column modle \(did you mean model\?\); there are"):
        summarize(many, by="modle")


@pytest.mark.parametrize("every", ["day", "0h", "1.5h", ""])
def test_what_is_no_length_of_time_is_refused(many, every):
    with pytest.raises(LabError, match="is no length of time; write one like '15m'"):
        summarize(many, every=every)


def test_grouping_by_a_sum_is_refused(many):
    with pytest.raises(LabError, match="cannot group by cost_usd"):
        summarize(many, by="cost_usd")


def test_a_summary_of_no_traces_is_empty_and_shows_itself(many):
    summary = summarize(many.take([]), by="model", every="1d")
    assert summary.frame.height == 0
    assert "0 traces" in str(summary)
    assert summarize(many.take([]), mode="histogram").frame.height == 0


def test_a_summary_shows_units_intervals_and_what_has_no_price(many):
    text = str(summarize(many, by="model", every="1d"))
    assert "3,000 traces, 2026-01-01 00:00 to 2026-01-10 23:50 UTC, by model, every 1d" in text
    assert "2026-01-03" in text
    assert "– (" not in text
    assert "! 3,000 calls without a price" in text
    assert "cost" not in text.splitlines()[2]  # nothing is known of it


def test_a_percentile_of_two_values_is_shown_as_at_least_the_larger():
    text = str(summarize(few({"duration_s": 1.0}, {"duration_s": 3.0})))
    # Linear between them the p99 is 2.98 s, but with 98 % certainty the true one is above 3 s.
    assert "at least 3.00 s" in text
    assert "2.98 s" not in text


def test_a_key_that_is_markup_is_shown_as_text():
    html = summarize(few({"user_id": "<script>alert(1)</script>"}), by="user_id")._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
