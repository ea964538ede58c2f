"""Logs of one request a row: Azure and vLLM, against the csv module's own sums."""

import csv

import pytest

from llmops_lab import read_traces


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
