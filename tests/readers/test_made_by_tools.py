"""Files that the tools' own packages wrote: see fixtures/SOURCES.md."""

import json
from pathlib import Path

import polars as pl
import pytest

from llmops_lab import read_traces

FIXTURES = Path(__file__).parent / "fixtures"


def test_opik_counts_as_its_own_usage_class_does():
    traces = read_traces(FIXTURES / "opik_trace.json")
    assert traces.rejected.is_empty()
    [row] = traces.rows.to_dicts()
    # OpenAI 1200 + Anthropic 20, with 300 read and 50 written; 80 + 7 out.
    assert (row["input_tokens"], row["output_tokens"]) == (1570, 87)
    assert (row["cache_read_tokens"], row["reasoning_tokens"]) == (1324, 64)
    assert (row["n_llm_calls"], row["n_errors"], row["negative_feedback"]) == (2, 1, True)
    assert (row["user_id"], row["conversation_id"], row["tags"]) == (
        "u-1",
        "thread-7",
        ["beta", "de"],
    )
    assert traces.spans["duration_s"].to_list() == [2.5, 1.25025, 0.6]
    assert traces.spans["ttft_s"].to_list() == [None, 0.3205, None]
    assert traces.scores["created_at"].dt.hour().to_list() == [9]


def test_opiks_csv_reads_like_its_json():
    columns = ("kind", "name", "input_messages", "output_messages", "input_text", "duration_s")
    json, csv = (read_traces(FIXTURES / f"opik_trace.{suffix}") for suffix in ("json", "csv"))
    assert csv.rejected.is_empty()
    assert csv.spans["parent_span_id"].to_list() == json.spans["parent_span_id"].to_list()
    assert csv.spans[:2].select(columns).equals(json.spans[:2].select(columns))
    assert csv.rows["input_tokens"].to_list() == [2400], (
        "two calls of 1200, the root's sum not added"
    )
    assert csv.rows["reasoning_tokens"].to_list() == [128]
    assert csv.scores.equals(json.scores)
    assert csv.spans["tags"].to_list()[0] == ["beta", "de"]


def of(name):
    traces = read_traces(FIXTURES / name)
    assert traces.rejected.is_empty()
    return traces, {span["name"]: span for span in traces.spans.iter_rows(named=True)}


# The fixtures tell one story: an answer that made one call to a model, which failed.
@pytest.mark.parametrize(
    ("file", "call"),
    [
        ("datadog_spans.json", "chat gpt-5-mini"),
        ("langfuse_observations.json", "draft"),
        ("phoenix_spans.json", "draft"),
        ("phoenix_otlp.json", "draft"),
    ],
)
def test_the_same_call_reads_alike_from_every_tool(file, call):
    traces, spans = of(file)
    draft, root = spans[call], spans["answer"]
    assert draft["parent_span_id"] == root["span_id"]
    assert (root["kind"] in {"agent", "chain"}, draft["kind"]) == (True, "llm")
    assert (draft["request_model"], draft["provider"] or "openai") == ("gpt-5-mini", "openai")
    assert (draft["input_tokens"], draft["cache_read_tokens"]) == (1200, 1024)
    assert (draft["output_tokens"], draft["reasoning_tokens"]) == (80, 64)
    assert draft["duration_s"] == pytest.approx(1.25, abs=1e-3)
    assert draft["temperature"] == pytest.approx(0.2)
    assert (draft["status"], draft["error_type"]) == ("error", "RateLimitError")
    assert (draft["input_text"], root["output_text"]) == ("Where's my parcel?", "On its way.")
    assert traces.rows["user_id"].to_list() == ["u-1"]
    assert traces.rows["conversation_id"].to_list() == ["s-1"]
    # 176 fresh and 1024 cached tokens at $0.25 and $0.025, 80 written at $2 a million.
    assert draft["cost_usd"] == pytest.approx((176 * 0.25 + 1024 * 0.025 + 80 * 2.0) / 1e6)


def test_datadog_keeps_evaluations_cost_and_the_id_of_a_tool_call():
    traces, spans = of("datadog_spans.json")
    found = {row["name"]: (row["value"], row["label"]) for row in traces.scores.to_dicts()}
    assert found == {"toxicity": (0.02, "pass"), "topic": (None, "delivery")}
    draft = spans["chat gpt-5-mini"]
    assert draft["cost_reported_usd"] == pytest.approx(0.0002296)
    assert '"id":"call_1"' in draft["output_messages"]
    assert draft["ttft_s"] == 0.32


def test_langfuse_scores_of_the_third_api_know_what_they_are_about():
    traces, _ = of("langfuse_scores.json")
    scores = {row["name"]: row for row in traces.scores.to_dicts()}
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (scores["useful"]["trace_id"], scores["useful"]["value"]) == (trace_id, 0.0)
    assert scores["polite"]["span_id"] == "00f067aa0ba902b8"
    assert (scores["topic"]["label"], scores["topic"]["value"]) == ("delivery", None)
    assert scores["solved"]["conversation_id"] == "s-1"
    both = read_traces([FIXTURES / "langfuse_observations.json", FIXTURES / "langfuse_scores.json"])
    assert both.rows["negative_feedback"].to_list() == [True]


def test_weaves_sum_on_the_parent_is_counted_once():
    traces, spans = of("weave_calls.jsonl")
    [row] = traces.rows.to_dicts()
    assert (row["input_tokens"], row["output_tokens"], row["n_llm_calls"]) == (1200, 80, 1)
    assert (spans["answer"]["usage_role"], spans["draft"]["usage_role"]) == ("rollup", "leaf")
    assert (spans["draft"]["kind"], spans["draft"]["request_model"]) == ("llm", "gpt-5-mini")
    check = spans["check"]
    assert (check["error_type"], check["error_message"]) == ("TimeoutError", "no reply")
    assert (row["user_id"], row["conversation_id"], row["environment"]) == (
        "u-1",
        "thread-7",
        "production",
    )


def test_a_trace_of_langfuses_api_keeps_its_observations_and_scores():
    traces, spans = of("langfuse3_trace.json")
    [row] = traces.rows.to_dicts()
    assert (row["n_spans"], row["n_llm_calls"], row["input_tokens"]) == (2, 1, 1200)
    assert (row["user_id"], row["conversation_id"], row["tags"]) == ("u-1", "s-1", ["beta", "de"])
    assert (row["negative_feedback"], row["duration_s"]) == (True, 2.5)
    assert spans["draft"]["cost_reported_usd"] == 0.0003
    assert '"team":"support"' in spans["answer"]["attributes"]
    assert "team" not in spans["draft"]["attributes"], "what a trace says of itself stands once"


def test_a_page_of_langfuse_traces_knows_duration_and_cost_and_takes_no_id_for_a_score():
    traces, spans = of("langfuse3_traces.json")
    assert (spans["answer"]["duration_s"], spans["answer"]["cost_reported_usd"]) == (2.5, 0.0003)
    assert traces.scores.is_empty()
    whole = read_traces([FIXTURES / "langfuse3_traces.json", FIXTURES / "langfuse3_trace.json"])
    assert whole.rows["n_spans"].to_list() == [2]
    assert whole.rows["input_tokens"].to_list() == [1200]


@pytest.mark.parametrize("file", ["vllm_bench.json", "sglang_bench.jsonl"])
def test_a_serving_benchmark_agrees_with_the_sums_that_its_tool_printed(file):
    traces = read_traces(FIXTURES / file)
    assert traces.rejected.is_empty()
    told = json.loads((FIXTURES / file).read_text())
    served = traces.spans.filter(pl.col("status") != "error")
    assert served["input_tokens"].sum() == told["total_input_tokens"]
    assert served["output_tokens"].sum() == told["total_output_tokens"]
    assert served["ttft_s"].mean() * 1e3 == pytest.approx(told["mean_ttft_ms"])
    after_first_s = (served["duration_s"] - served["ttft_s"]).sum()
    n_gaps = sum(map(len, told["itls"]))
    assert after_first_s / n_gaps * 1e3 == pytest.approx(told["mean_itl_ms"])
    assert set(served["request_model"]) == {"tiny"}
    assert set(served["output_text"]) == {" It is on its way"}
    [failed] = traces.spans.filter(status="error").to_dicts()
    assert (failed["duration_s"], failed["ttft_s"]) == (None, None)
    assert "overloaded" in failed["error_message"]


def test_every_run_that_sglang_appended_to_one_file_is_kept(tmp_path):
    run = (FIXTURES / "sglang_bench.jsonl").read_text()
    (tmp_path / "runs.jsonl").write_text(run * 2)
    traces = read_traces(tmp_path / "runs.jsonl")
    assert (len(traces.spans), len(traces.rejected)) == (8, 0)
