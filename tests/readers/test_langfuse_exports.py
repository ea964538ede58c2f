"""Langfuse's other exports: batch, events, traces, blob folders, API pages."""

import csv
import json

import pytest

from llmops_lab import read_traces


def observation(**changes):
    return {
        "id": "o1",
        "traceId": "t",
        "parentObservationId": None,
        "name": "answer",
        "type": "GENERATION",
        "startTime": "2026-01-01T00:00:00.000Z",
        "endTime": "2026-01-01T00:00:02.000Z",
        "completionStartTime": "2026-01-01T00:00:00.500Z",
        "level": "ERROR",
        "statusMessage": "TimeoutError: no answer",
        "model": "gpt-4o",
        "usageDetails": {"input": 10, "input_cached_tokens": 5, "output": 3, "total": 18},
        "costDetails": {"input": 0.1, "output": 0.2, "total": 0.3},
        "totalCost": 0.3,
        "input": "why?",
        "output": "because",
        "userId": "u",
        "sessionId": "s",
        "latency": 2000,
        **changes,
    }


def check(row):
    assert (row["input_tokens"], row["output_tokens"]) == (15, 3)
    assert row["cost_reported_usd"] == pytest.approx(0.3)
    assert (row["duration_s"], row["ttft_s"], row["status"]) == (2.0, 0.5, "error")
    assert (row["error_type"], row["user_id"], row["conversation_id"]) == ("TimeoutError", "u", "s")
    assert (row["input_text"], row["output_text"], row["model"]) == ("why?", "because", "gpt-4o")


def test_batch_json_lines_and_an_api_page_read_alike():
    raw = observation()
    for source in (
        json.dumps(raw).encode(),
        json.dumps([raw]).encode(),
        json.dumps({"data": [raw], "meta": {"page": 1}}).encode(),
    ):
        check(read_traces(source).rows.to_dicts()[0])


def test_batch_csv_with_quoted_times_and_json_cells_reads(tmp_path):
    raw = observation()
    quoted = {k: json.dumps(v) if k.endswith("Time") else v for k, v in raw.items()}
    cells = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in quoted.items()}
    with (tmp_path / "batch.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(cells))
        writer.writeheader()
        writer.writerow(cells)
    check(read_traces(tmp_path / "batch.csv").rows.to_dicts()[0])


def test_events_in_clickhouse_time_read():
    raw = observation(
        startTime="2026-01-01 00:00:00.000",
        endTime="2026-01-01 00:00:02.000",
        completionStartTime="2026-01-01 00:00:00.500",
        providedModelName="gpt-4o",
        latencyMs=2000,
    )
    del raw["model"]
    check(read_traces([raw]).rows.to_dicts()[0])


def test_a_score_column_becomes_scores():
    traces = read_traces([observation(quality=[0.5, 1], tone=["rude"], tags=["x"])])
    assert traces.scores.select("name", "value", "label").rows() == [
        ("quality", 0.5, None),
        ("quality", 1.0, None),
        ("tone", None, "rude"),
    ]


def blob_folder(folder):
    o = observation()
    snake = {
        "id": o["id"],
        "trace_id": "t",
        "parent_observation_id": None,
        "project_id": "p",
        "name": "answer",
        "type": "GENERATION",
        "start_time": "2026-01-01 00:00:00.000",
        "end_time": "2026-01-01 00:00:02.000",
        "completion_start_time": "2026-01-01 00:00:00.500",
        "level": "ERROR",
        "status_message": o["statusMessage"],
        "provided_model_name": "gpt-4o",
        "usage_details": o["usageDetails"],
        "cost_details": o["costDetails"],
        "total_cost": 0.3,
        "input": "why?",
        "output": "because",
        "latency": 2.0,
        "updated_at": "2026-01-01 00:00:03.000",
    }
    trace = {
        "id": "t",
        "timestamp": "2026-01-01 00:00:00.000",
        "name": "chat",
        "session_id": "s",
        "user_id": "u",
        "release": "1.2",
        "tags": ["a"],
    }
    score = {
        "id": "x",
        "trace_id": "t",
        "observation_id": None,
        "name": "thumb",
        "value": 0,
        "string_value": None,
        "data_type": "NUMERIC",
        "source": "ANNOTATION",
        "timestamp": "2026-01-01 00:01:00.000",
    }
    for name, record in (("observations", snake), ("traces", trace), ("scores", score)):
        (folder / name).mkdir(parents=True)
        (folder / name / "2026.jsonl").write_text(json.dumps(record) + "\n")


def test_a_blob_folder_joins_observations_traces_and_scores(tmp_path):
    blob_folder(tmp_path / "project")
    traces = read_traces(tmp_path / "project")
    [row] = traces.rows.to_dicts()
    check(row)
    assert (row["n_spans"], row["tags"], row["release"]) == (1, ["a"], "1.2")
    assert row["negative_feedback"]
    assert traces.rejected.height == 0


def test_traces_alone_are_one_span_each_without_invented_numbers():
    record = {
        "id": "t",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "name": "chat",
        "sessionId": "s",
        "userId": "u",
        "release": None,
        "input": "why?",
        "output": "because",
        "helpful": [1],
    }
    traces = read_traces([record])
    [row] = traces.rows.to_dicts()
    assert (row["n_spans"], row["duration_s"], row["input_tokens"]) == (1, None, None)
    assert (row["cost_usd"], row["n_llm_calls"], row["input_text"]) == (None, 0, "why?")
    assert traces.scores.select("span_id", "name", "value").rows() == [(None, "helpful", 1.0)]


def test_usage_of_version_2_reads():
    raw = observation(usage={"input": 7, "output": 2, "total": 9, "unit": "TOKENS"})
    del raw["usageDetails"]
    assert read_traces([raw]).rows.select("input_tokens", "output_tokens").row(0) == (7, 2)
