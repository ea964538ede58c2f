"""What guardrail and retriever spans tell, whatever tool wrote them."""

import pytest

from llmops_lab import read_traces


def observation(kind, output, **changes):
    return {
        "id": "1",
        "traceId": "t",
        "type": kind,
        "name": "input-guardrail",
        "startTime": "2026-01-01T00:00:00.000Z",
        "endTime": "2026-01-01T00:00:00.250Z",
        "output": output,
        **changes,
    }


def read(*observations):
    return read_traces([{"observations": list(observations), "scores": []}])


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ({"verdict": "deny", "category": "abuse", "score": 0.9}, "deny"),
        ({"action": "GUARDRAIL_INTERVENED"}, "deny"),
        ('{"passed": true}', "allow"),
        ({"flagged": True}, "deny"),
        ("blocked", "deny"),
        ({"decision": "masked"}, "modify"),
        ({"comment": "nothing said"}, None),
    ],
)
def test_a_guardrails_verdict_is_read_from_words_and_flags(output, verdict):
    traces = read(observation("GUARDRAIL", output))
    [row] = traces.guardrails.to_dicts()
    assert (row["verdict"], row["target"], row["duration_s"]) == (verdict, "input", 0.25)
    if verdict is not None:
        assert traces.rows["guardrail_hit"].to_list() == [verdict != "allow"]


def test_a_retrievers_output_gives_documents():
    found = [{"id": "p1", "score": 0.7, "content": "30 days", "metadata": {"title": "Returns"}}]
    [row] = read(observation("RETRIEVER", found)).documents.to_dicts()
    assert (row["doc_id"], row["content"], row["score"]) == ("p1", "30 days", 0.7)
    assert row["role"] == "retrieved"


def test_a_langsmith_run_that_is_named_guardrail_is_one():
    run = {
        "id": "1",
        "trace_id": "t",
        "run_type": "chain",
        "name": "input-guardrail",
        "start_time": "2026-01-01T00:00:00",
        "outputs": {"verdict": "deny"},
        "error": "RateLimitError('slow down')",
        "status": "error",
    }
    traces = read_traces([run])
    assert traces.rows["guardrail_hit"].to_list() == [True]
    assert traces.spans.select("kind", "error_type").row(0) == ("guardrail", "RateLimitError")
