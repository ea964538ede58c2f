"""MLflow: search_traces records, Trace JSON 3 and 2, CSV."""

import csv
import gzip
import json

import pytest

from llmops_lab import read_traces


@pytest.fixture(scope="module")
def rows(shared):
    path = shared / "traces/mlflow/search_traces_records.jsonl.gz"
    with gzip.open(path, "rt") as file:
        return path, [json.loads(line) for line in file]


def test_records_keep_every_span_token_cost_and_nanosecond(rows):
    path, raw = rows
    traces = read_traces(path)
    spans = [span for row in raw for span in row["spans"]]
    assert traces.rejected.height == 0
    assert traces.spans.height == len(spans)
    usage = [
        json.loads(s["attributes"]["mlflow.chat.tokenUsage"])
        for s in spans
        if "mlflow.chat.tokenUsage" in s["attributes"]
    ]
    assert traces.spans["input_tokens"].sum() == sum(u["input_tokens"] for u in usage)
    assert traces.spans["output_tokens"].sum() == sum(u["output_tokens"] for u in usage)
    costs = [
        json.loads(s["attributes"]["mlflow.llm.cost"])["total_cost"]
        for s in spans
        if "mlflow.llm.cost" in s["attributes"]
    ]
    assert traces.spans["cost_reported_usd"].sum() == pytest.approx(sum(costs))
    durations = sorted((s["end_time_unix_nano"] - s["start_time_unix_nano"]) / 1e9 for s in spans)
    assert sorted(traces.spans["duration_s"]) == durations


def test_mlflow_and_phoenix_tell_the_same_of_the_same_spans(rows, shared):
    path, _ = rows
    same = ("trace_id", "n_spans", "n_llm_calls", "n_tool_calls", "input_tokens", "output_tokens")
    phoenix = read_traces(shared / "traces/phoenix/spans_dataframe_records.jsonl")
    by_id = [t.rows.select(same).sort("trace_id") for t in (read_traces(path), phoenix)]
    assert by_id[0].equals(by_id[1])


def test_trace_json_and_the_frames_csv_read_like_the_records(rows, tmp_path):
    path, raw = rows
    wanted = read_traces(path).rows
    lines = "\n".join(row["trace"] for row in raw).encode()
    assert read_traces(lines).rows.drop("tags").equals(wanted.drop("tags"))
    with (tmp_path / "traces.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(raw[0]))
        writer.writeheader()
        for row in raw:  # as pandas writes objects: Python's repr
            writer.writerow({k: v if isinstance(v, str) else repr(v) for k, v in row.items()})
    assert read_traces(tmp_path / "traces.csv").rows.drop("tags").equals(wanted.drop("tags"))


def test_version_2_ids_and_times_are_read():
    span = {
        "name": "chat",
        "context": {"trace_id": "0x" + "a" * 32, "span_id": "0x" + "b" * 16},
        "parent_id": None,
        "start_time": 1_700_000_000_000_000_000,
        "end_time": 1_700_000_001_500_000_000,
        "status_code": "OK",
        "attributes": {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.spanInputs": '{"question": "why?"}',
        },
    }
    info = {
        "request_id": "tr-" + "a" * 32,
        "timestamp_ms": 1_700_000_000_000,
        "request_metadata": {"mlflow.trace.session": "s1", "mlflow.trace.user": "u1"},
    }
    [row] = read_traces([{"info": info, "data": {"spans": [span]}}]).spans.to_dicts()
    assert (row["trace_id"], row["span_id"]) == ("a" * 32, "b" * 16)
    assert (row["kind"], row["status"], row["duration_s"]) == ("llm", "ok", 1.5)
    assert (row["conversation_id"], row["user_id"], row["input_text"]) == ("s1", "u1", "why?")


def anthropic(**usage):
    span = {
        "span_id": "AAAAAAAAAAE=",
        "name": "messages",
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 2,
        "attributes": {
            "mlflow.llm.model": '"claude-sonnet-4-5"',
            "mlflow.chat.tokenUsage": json.dumps(usage),
        },
    }
    document = {"info": {"trace_id": "tr-" + "c" * 32}, "data": {"spans": [span]}}
    return read_traces([document]).spans["input_tokens"].to_list()


def test_anthropics_input_gets_its_cached_tokens_back():
    assert anthropic(
        input_tokens=100,
        output_tokens=5,
        total_tokens=105,
        cache_read_input_tokens=30,
        cache_creation_input_tokens=7,
    ) == [137]


def test_assessments_become_scores():
    assessment = {
        "assessment_name": "helpful",
        "source": {"source_type": "HUMAN", "source_id": "ann"},
        "feedback": {"value": False},
        "rationale": "wrong page",
        "create_time": "2026-01-02T03:04:05.678Z",
    }
    span = {
        "span_id": "AAAAAAAAAAE=",
        "name": "x",
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 2,
    }
    info = {"trace_id": "tr-" + "d" * 32, "assessments": [assessment]}
    traces = read_traces([{"info": info, "data": {"spans": [span]}}])
    [score] = traces.scores.to_dicts()
    assert (score["name"], score["value"], score["source"]) == ("helpful", 0.0, "human")
    assert score["created_at"].isoformat() == "2026-01-02T03:04:05.678000+00:00"
    assert traces.rows["negative_feedback"].to_list() == [True]
