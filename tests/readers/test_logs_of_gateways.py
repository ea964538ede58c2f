"""LiteLLM, OpenAI files, BurstGPT and Mooncake: real files against plain json and csv."""

import csv
import json

import pytest

from llmops_lab import read_traces


@pytest.mark.parametrize("name", ["spend_logs_payload", "standard_logging_payload"])
def test_litellms_logs_keep_tokens_spend_and_latency(name, shared):
    path = shared / "traces/litellm" / f"{name}.json"
    raw = json.loads(path.read_text())
    [span] = read_traces(path).spans.to_dicts()
    assert span["span_id"] == raw.get("request_id", raw.get("id"))
    assert (span["input_tokens"], span["output_tokens"]) == (10, 20)
    assert span["cost_reported_usd"] == raw.get("spend", raw.get("response_cost"))
    assert span["duration_s"] == 0.004583
    assert span["ttft_s"] is None  # completionStartTime is the end: nothing was streamed
    assert (span["kind"], span["status"], span["provider"]) == ("llm", "ok", "openai")


def test_litellms_guardrails_become_rows(shared):
    raw = json.loads((shared / "traces/litellm/standard_logging_payload.json").read_text())
    raw["guardrail_information"] = [
        {
            "guardrail_name": "pii",
            "guardrail_provider": "presidio",
            "guardrail_mode": "pre_call",
            "guardrail_status": "success",
            "duration": 0.02,
            "masked_entity_count": {"EMAIL": 2},
        }
    ]
    raw["startTime"], raw["endTime"] = 1742855151.25, 1742855152.5
    traces = read_traces([raw])
    [row] = traces.guardrails.to_dicts()
    assert (row["name"], row["target"], row["verdict"]) == ("pii", "input", "modify")
    assert (row["category"], row["duration_s"]) == ("EMAIL", 0.02)
    assert traces.spans["duration_s"].to_list() == [1.25]


def test_a_batch_output_keeps_usage_and_takes_the_batch_tier(shared):
    path = shared / "traces/openai/batch_output.jsonl"
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    spans = read_traces(path).spans
    usage = [r["response"]["body"]["usage"] for r in raw]
    assert spans["input_tokens"].to_list() == [u["prompt_tokens"] for u in usage]
    assert spans["output_tokens"].to_list() == [u["completion_tokens"] for u in usage]
    assert spans["name"].to_list() == [r["custom_id"] for r in raw]
    assert spans["finish_reasons"].to_list() == [["stop"], ["length"]]
    assert set(spans["service_tier"]) == {"batch"}


def test_stored_completions_and_eval_items_read(shared):
    folder = shared / "traces/openai"
    [stored] = read_traces(folder / "stored_chat_completions_list.json").spans.to_dicts()
    assert (stored["input_tokens"], stored["output_tokens"]) == (13, 18)
    assert stored["output_text"].startswith("Mind of circuits hum")
    traces = read_traces(folder / "eval_run_output_items_list.json")
    [item] = traces.spans.to_dicts()
    assert (item["input_tokens"], item["output_tokens"]) == (323, 2)
    assert item["input_text"] == "Stock Markets Rally After Positive Economic Data Released"
    assert item["output_text"] == "Markets"
    assert traces.scores.select("value", "label").rows() == [(1.0, "pass")]


@pytest.mark.parametrize("name", ["BurstGPT_1_v1.1_head", "BurstGPT_3_head"])
def test_burstgpt_reads_with_either_header(name, shared):
    path = shared / "traces/burstgpt" / f"{name}.csv"
    with path.open() as file:
        raw = list(csv.DictReader(file))
    spans = read_traces(path).spans
    assert spans["input_tokens"].to_list() == [int(r["Request tokens"]) for r in raw]
    assert spans["output_tokens"].to_list() == [int(r["Response tokens"]) for r in raw]
    assert spans["start_offset_s"].to_list() == [float(r["Timestamp"]) for r in raw]
    wanted = [float(r["Elapsed time"]) if "Elapsed time" in r else None for r in raw]
    assert spans["duration_s"].to_list() == wanted
    failed = [r["Response tokens"] == "0" for r in raw]
    assert (spans["status"] == "error").to_list() == failed


def test_mooncake_reads_lengths_and_milliseconds(shared):
    path = shared / "traces/mooncake/synthetic_trace.jsonl"
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    spans = read_traces(path).spans
    assert spans["input_tokens"].sum() == sum(r["input_length"] for r in raw)
    assert spans["output_tokens"].sum() == sum(r["output_length"] for r in raw)
    assert spans["start_offset_s"][-1] == pytest.approx(raw[-1]["timestamp"] / 1000)
