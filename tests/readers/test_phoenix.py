"""Phoenix's DataFrame: Parquet, records, CSV and the frame itself give the same totals."""

import json

import polars as pl
import pytest

from llmops_lab import read_traces

TOTALS = ("n_spans", "n_llm_calls", "n_tool_calls", "input_tokens", "output_tokens")


@pytest.fixture
def records(shared):
    path = shared / "traces/phoenix/spans_dataframe_records.jsonl"
    return path, [json.loads(line) for line in path.read_text().splitlines()]


def test_records_keep_every_span_token_and_duration(records):
    path, raw = records
    traces = read_traces(path)
    assert traces.rejected.height == 0
    assert traces.spans.height == len(raw)
    by_id = {row["span_id"]: row for row in traces.spans.iter_rows(named=True)}
    for r in raw:
        span = by_id[r["context.span_id"]]
        assert span["input_tokens"] == r["attributes.llm.token_count.prompt"]
        assert span["output_tokens"] == r["attributes.llm.token_count.completion"]
        assert span["parent_span_id"] == r["parent_id"]
        assert span["status"] == r["status_code"].lower()
        if isinstance(r["attributes.input.value"], str) and r["span_kind"] == "TOOL":
            assert span["input_text"] is not None


def test_parquet_and_records_agree_on_totals_and_texts(records, shared):
    path, _ = records
    parquet = shared / "traces/phoenix/spans_dataframe_no_events.parquet"
    a, b = read_traces(path), read_traces(parquet)
    assert a.rows.select(TOTALS).equals(b.rows.select(TOTALS))
    texts = ("span_id", "input_text", "output_text")
    assert a.spans.select(texts).sort("span_id").equals(b.spans.select(texts).sort("span_id"))
    assert a.documents["content"].to_list() == b.documents["content"].to_list()


def test_parquet_keeps_microseconds_that_records_lost(shared):
    path = shared / "traces/phoenix/spans_dataframe_no_events.parquet"
    frame = pl.read_parquet(path)
    wanted = (frame["end_time"] - frame["start_time"]).dt.total_nanoseconds().to_numpy() / 1e9
    assert read_traces(path).spans["duration_s"].to_list() == wanted.tolist()


def test_the_frame_itself_reads_like_the_file(shared):
    path = shared / "traces/phoenix/spans_dataframe_no_events.parquet"
    import pandas as pd

    from_file = read_traces(path).rows.select(TOTALS)
    assert read_traces(pl.read_parquet(path)).rows.select(TOTALS).equals(from_file)
    assert read_traces(pd.read_parquet(path)).rows.select(TOTALS).equals(from_file)


def test_the_frames_csv_gives_the_same_tokens(shared, tmp_path):
    import pandas as pd

    path = shared / "traces/phoenix/spans_dataframe_no_events.parquet"
    pd.read_parquet(path).to_csv(tmp_path / "spans.csv")
    a, b = read_traces(tmp_path / "spans.csv"), read_traces(path)
    assert a.rows.select(TOTALS).equals(b.rows.select(TOTALS))
    assert a.spans["duration_s"].to_list() == b.spans["duration_s"].to_list()
