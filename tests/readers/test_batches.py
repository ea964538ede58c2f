"""Results of batch APIs: Anthropic's and Gemini's, against counts worked by hand."""

import json
from pathlib import Path

import pytest

from llmops_lab import read_traces, summarize

FIXTURES = Path(__file__).parent / "fixtures"


def test_anthropics_results_count_cached_tokens_in_and_tell_every_outcome():
    traces = read_traces(FIXTURES / "anthropic_batch.jsonl")
    assert traces.rejected.is_empty()
    done, wrong, late, stopped = traces.spans.to_dicts()
    assert (done["input_tokens"], done["output_tokens"]) == (120 + 50 + 1024, 80)
    assert (done["cache_read_tokens"], done["cache_write_tokens"]) == (1024, 50)
    assert (done["cache_write_1h_tokens"], done["reasoning_tokens"]) == (30, 33)
    assert (done["name"], done["span_id"], done["service_tier"]) == ("parcel-1", "msg_01", "batch")
    assert done["output_text"] == "Dein Paket ist unterwegs – schön!"
    kinds = [part["type"] for part in json.loads(done["output_messages"])[0]["parts"]]
    assert kinds == ["reasoning", "text", "tool_call"]
    assert "unterwegs" not in done["attributes"], "a text stands once"
    assert (wrong["status"], wrong["error_type"]) == ("error", "invalid_request_error")
    assert wrong["error_message"].startswith("messages: at least one")
    assert (late["status"], late["error_type"]) == ("error", "expired")
    assert (stopped["status"], stopped["error_type"]) == ("unset", None)
    assert summarize(traces).frame["error_rate"].to_list() == [0.5]


def test_geminis_lines_count_thoughts_as_output_and_tool_prompts_as_input():
    traces = read_traces(FIXTURES / "gemini_batch.jsonl")
    assert traces.rejected.is_empty()
    done, wrong = traces.spans.to_dicts()
    assert (done["input_tokens"], done["output_tokens"]) == (1200 + 5, 80 + 33)
    assert (done["cache_read_tokens"], done["reasoning_tokens"]) == (1024, 33)
    assert (done["name"], done["provider"], done["status"]) == ("parcel-1", "gcp.gemini", "ok")
    assert (done["output_text"], done["finish_reasons"]) == ("On its way – schön!", ["STOP"])
    kinds = [part["type"] for part in json.loads(done["output_messages"])[0]["parts"]]
    assert kinds == ["reasoning", "text", "tool_call"]
    assert (wrong["name"], wrong["status"], wrong["error_type"]) == ("parcel-2", "error", "400")


@pytest.mark.parametrize("roles", [True, False])
def test_vertex_ais_lines_hold_the_request_and_why_it_failed(roles):
    turn = {"parts": [{"text": "Where's my parcel?"}], **({"role": "user"} if roles else {})}
    line = {
        "status": "",
        "processed_time": "2024-11-01T18:13:16.826+00:00",
        "request": {
            "contents": [turn],
            "systemInstruction": {"parts": [{"text": "Be kind."}]},
            "generationConfig": {"temperature": 0.4, "maxOutputTokens": 90},
            "labels": {"custom_id": "p-1"},
        },
        "response": {
            "candidates": [
                {"content": {"role": "model", "parts": [{"text": "Here."}]}, "finishReason": "STOP"}
            ],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2},
            "modelVersion": "gemini-2.5-flash",
        },
    }
    failed = {**line, "status": "Bad Request: 400 INVALID_ARGUMENT", "response": {}}
    text = "\n".join(map(json.dumps, (line, failed))).encode()
    done, wrong = read_traces(text).spans.to_dicts()
    assert (done["input_text"], done["output_text"]) == ("Where's my parcel?", "Here.")
    assert done["system_instructions"] == "Be kind."
    assert (done["temperature"], done["max_tokens"], done["name"]) == (0.4, 90, "p-1")
    assert (done["provider"], done["status"]) == ("gcp.vertex_ai", "ok")
    assert done["start_time"].isoformat() == "2024-11-01T18:13:16.826000+00:00"
    assert done["service_tier"] == "batch"
    assert (wrong["status"], wrong["input_text"]) == ("error", "Where's my parcel?")
    assert wrong["error_message"] == "Bad Request: 400 INVALID_ARGUMENT"
