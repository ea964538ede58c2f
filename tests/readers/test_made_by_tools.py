"""Files that the tools' own packages wrote: see fixtures/SOURCES.md."""

from pathlib import Path

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
