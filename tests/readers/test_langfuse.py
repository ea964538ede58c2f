"""Langfuse downloads against sums taken from the same files with plain json."""

import json
from datetime import datetime

import pytest

from llmops_lab import read_traces

FILES = (
    "agno-2025-06-11.trace",
    "autogen-2025-06-06.trace",
    "claude-agent-2025-12-22.trace",
    "crewai-2025-07-11.trace",
    "google-adk-2025-08-28.trace",
    "langfuse-1",
    "langfuse-2",
    "langgraph-python-2025-08-22.trace",
    "llamaindex-2025-06-05.trace",
    "microsoft-agent-2025-12-17.trace",
    "pydantic-ai-tools-2025-12-04.trace",
    "vercel-aisdk-2025-11-17.trace",
)


def seconds(start, end):
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def leaves(observations):
    """Observations with tokens and nobody with tokens below them, walked by hand."""
    below = {}
    for o in observations:
        below.setdefault(o["parentObservationId"], []).append(o)

    def bears(o):
        return any((o["usageDetails"] or {}).get(k, 0) for k in ("input", "output"))

    def any_below(o):
        return any(bears(child) or any_below(child) for child in below.get(o["id"], []))

    return [o for o in observations if bears(o) and not any_below(o)]


@pytest.fixture(params=FILES)
def download(request, shared):
    path = shared / "traces/langfuse" / f"{request.param}.json"
    return json.loads(path.read_text()), read_traces(path)


def test_a_download_gives_every_observation_with_its_own_tokens_cost_and_duration(download):
    document, traces = download
    spans = {row["span_id"]: row for row in traces.spans.iter_rows(named=True)}
    assert traces.rejected.height == 0
    assert set(spans) == {o["id"] for o in document["observations"]}
    for o in document["observations"]:
        span, usage = spans[o["id"]], o["usageDetails"]
        assert span["parent_span_id"] == o["parentObservationId"]
        assert span["input_tokens"] == (usage["input"] if usage else None)
        assert span["output_tokens"] == (usage["output"] if usage else None)
        assert span["cost_reported_usd"] == (o["totalCost"] or None)
        assert span["duration_s"] == pytest.approx(seconds(o["startTime"], o["endTime"]), abs=1e-9)
        assert span["start_time"] == datetime.fromisoformat(o["startTime"])


def test_a_trace_counts_each_call_of_the_download_once(download):
    document, traces = download
    [row] = traces.rows.iter_rows(named=True)
    counted = leaves(document["observations"])
    assert row["input_tokens"] == sum(o["usageDetails"]["input"] for o in counted)
    assert row["output_tokens"] == sum(o["usageDetails"]["output"] for o in counted)
    assert row["cost_reported_usd"] == pytest.approx(sum(o["totalCost"] for o in counted))
    assert row["n_llm_calls"] == len(counted)
    assert row["user_id"] == document["trace"]["userId"]
    assert row["tags"] == (document["trace"]["tags"] or None)


def test_latency_is_seconds_whatever_unit_the_download_used(download):
    document, traces = download
    stored = [o["latency"] for o in document["observations"]]
    measured = traces.spans["duration_s"].to_list()
    ratios = {round(s / m) for s, m in zip(stored, measured, strict=True) if s and m > 0.05}
    assert ratios in ({1}, {1000})


def test_time_to_first_token_is_the_gap_between_two_timestamps(shared):
    traces = read_traces(shared / "traces/langfuse/langfuse-1.json")
    assert traces.spans["ttft_s"].drop_nulls().to_list() == [1.399]


def test_scores_come_with_their_trace(download):
    document, traces = download
    given = document["trace"].get("scores") or []
    read = traces.scores.select("name", "value", "explanation").rows()
    assert sorted(read) == sorted((s["name"], s["value"], s["comment"]) for s in given)
    assert set(traces.scores["source"]) <= {"llm"}


def test_the_current_shape_without_a_trace_object_reads_to_the_same_spans(shared):
    document = json.loads((shared / "traces/langfuse/autogen-2025-06-06.trace.json").read_text())
    trace = document["trace"]
    current = {
        "observations": [
            {
                **o,
                "traceName": trace["name"],
                "userId": trace["userId"],
                "sessionId": trace["sessionId"],
                "tags": trace["tags"],
            }
            for o in document["observations"]
        ],
        "scores": [
            {
                "traceId": trace["id"],
                "name": "helpful",
                "value": 0,
                "dataType": "BOOLEAN",
                "stringValue": "False",
                "source": "ANNOTATION",
                "timestamp": "2025-06-06T10:00:00.000Z",
            }
        ],
    }
    new, old = read_traces([current]), read_traces([document])
    assert new.rows.drop("feedback", "negative_feedback").equals(
        old.rows.drop("feedback", "negative_feedback")
    )
    assert new.rows["feedback"].to_list() == [0.0]
    assert new.scores.select("data_type", "source").rows() == [("boolean", "human")]


def test_cached_buckets_count_as_input():
    observation = {
        "id": "1",
        "traceId": "t",
        "type": "GENERATION",
        "startTime": "2026-01-01T00:00:00.000Z",
        "endTime": None,
        "usageDetails": {
            "input": 10,
            "input_cached_tokens": 90,
            "input_cache_creation_1h": 5,
            "output": 7,
            "output_reasoning_tokens": 3,
            "total": 115,
        },
    }
    [span] = read_traces([{"observations": [observation], "scores": []}]).spans.to_dicts()
    assert (span["input_tokens"], span["output_tokens"]) == (105, 10)
    assert (span["cache_read_tokens"], span["cache_write_tokens"]) == (90, 5)
    assert (span["cache_write_1h_tokens"], span["reasoning_tokens"]) == (5, 3)
    assert span["duration_s"] is None


def test_texts_are_those_of_the_observations(shared):
    path = shared / "traces/langfuse/langfuse-1.json"
    spans = read_traces(path).spans
    by_name = dict(spans.select("name", "output_text").iter_rows())
    for o in json.loads(path.read_text())["observations"]:
        if o["name"] == "handle-chatbot-message":
            assert by_name[o["name"]] == o["output"]
    messages = dict(spans.select("name", "input_messages").iter_rows())
    first, *_, last = json.loads(messages["ai.streamText.doStream"])
    assert (first["role"], last["role"]) == ("system", "user")
