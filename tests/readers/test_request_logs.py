"""Logs of one request a row: Azure and vLLM, against the csv module's own sums."""

import csv

import polars as pl
import pytest

from llmops_lab import read_traces, summarize


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_azure_keeps_every_request_and_the_seventh_digit(shared):
    path = shared / "traces/azure/AzureLLMInferenceTrace_code.csv"
    raw, spans = rows_of(path), read_traces(path).spans
    assert spans.height == len(raw)
    assert spans["input_tokens"].sum() == sum(int(r["ContextTokens"]) for r in raw)
    assert spans["output_tokens"].sum() == sum(int(r["GeneratedTokens"]) for r in raw)
    assert raw[0]["TIMESTAMP"] == "2023-11-16 18:17:03.9799600"
    assert spans["start_time"][0].isoformat() == "2023-11-16T18:17:03.979960+00:00"
    assert spans["duration_s"].null_count() == len(raw)


@pytest.mark.parametrize(
    "name",
    ["aibrix_kvcache_dram_output_2.9", "naive_output_2.9", "naive_output_3.7", "naive_output_4.1"],
)
def test_vllm_keeps_tokens_latency_and_first_token(name, shared):
    path = shared / "traces/vllm" / f"{name}.csv"
    raw, spans = rows_of(path), read_traces(path).spans
    assert spans["input_tokens"].sum() == sum(int(float(r["prompt_tokens"])) for r in raw)
    assert spans["output_tokens"].sum() == sum(int(float(r["generation_tokens"])) for r in raw)
    assert spans["ttft_s"].to_list() == [float(r["ttft"]) for r in raw]
    for duration, r in zip(spans["duration_s"], raw, strict=True):
        assert duration == pytest.approx(float(r["ttft"]) + float(r["generation_time"]), abs=1e-5)
    assert spans["conversation_id"].to_list() == [r["user_id"] for r in raw]


UNTOLD = {
    "azure": b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n",
    "mooncake": b'{"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0]}',
    "vllm": b"prompt_tokens,generation_tokens,ttft,launch_time,finish_time\n9,8,0.1,17e8,17e8\n",
    "vidur": b"arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,100,20\n",
    "burstgpt": b"Timestamp,Model,Request tokens,Response tokens\n5,ChatGPT,472,\n",
    "serving-bench": b'{"input_lens": [3], "output_lens": [4], "ttfts": [0.1], "itls": [[0.1]]}',
    "litellm-spend": b'{"request_id": "a", "call_type": "acompletion", "spend": 0.1, '
    b'"startTime": "2025-01-24 09:20:46"}',
}


@pytest.mark.parametrize("name", UNTOLD)
def test_an_export_without_a_status_leaves_failures_unknown(name):
    traces = read_traces(UNTOLD[name])
    assert traces.spans["source_format"].to_list() == [name]
    assert traces.spans["status"].to_list() == [None]
    assert traces.rows["n_errors"].to_list() == [None]
    summary = summarize(traces)
    assert summary.frame["error_rate"].to_list() == [None]
    assert "errors" not in str(summary)


def test_a_table_whose_status_nobody_mapped_leaves_failures_unknown():
    table = pl.DataFrame({"q": ["hi"], "at": ["2025-01-24"], "state": ["error"]})
    mapping = {"input": "q", "start_time": "at"}
    assert read_traces(table, mapping=mapping).spans["status"].to_list() == [None]
    told = read_traces(table, mapping={**mapping, "status": "state"})
    assert told.spans["status"].to_list() == ["error"]


def test_a_benchmark_with_errors_tells_which_requests_failed():
    result = b'{"input_lens": [3, 3], "ttfts": [0.1, 0.0], "errors": ["", "timed out"]}'
    assert read_traces(result).spans["status"].to_list() == ["unset", "error"]
