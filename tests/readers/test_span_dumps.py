"""Spans as SDKs print them and as Phoenix's REST pages hold them."""

import json

from llmops_lab import read_traces


def test_js_spans_keep_hrtime_tokens_and_kinds(shared):
    path = shared / "traces/otel_js/all-spans.json"
    raw = {s["spanContext"]["spanId"]: s for s in json.loads(path.read_text())}
    for span in read_traces(path).spans.iter_rows(named=True):
        s = raw[span["span_id"]]
        (s0, n0), (s1, n1) = s["startTime"], s["endTime"]
        assert span["duration_s"] == ((s1 - s0) * 10**9 + n1 - n0) / 1e9
        usage = {k: v for k, v in s["attributes"].items() if "usage" in k}
        wanted = usage.get("gen_ai.usage.input_tokens", usage.get("ai.usage.promptTokens"))
        wanted = wanted if wanted is not None else usage.get("ai.usage.inputTokens")
        assert span["input_tokens"] == (wanted if wanted is not None else usage["ai.usage.tokens"])


def test_vercels_outer_spans_repeat_their_calls_even_when_unlinked(shared):
    path = shared / "traces/otel_js/all-spans.json"
    inner = [s for s in json.loads(path.read_text()) if ".do" in s["name"]]
    tokens = [
        s["attributes"].get("gen_ai.usage.input_tokens", s["attributes"].get("ai.usage.tokens"))
        for s in inner
    ]
    assert read_traces(path).rows["input_tokens"].sum() == sum(tokens)


def test_pythons_console_spans_read():
    span = {
        "name": "chat",
        "context": {"trace_id": "0x" + "A" * 32, "span_id": "0x" + "b" * 16, "trace_state": "[]"},
        "kind": "SpanKind.CLIENT",
        "parent_id": None,
        "start_time": "2026-01-01T00:00:00.000001Z",
        "end_time": "2026-01-01T00:00:02.000001Z",
        "status": {"status_code": "ERROR", "description": "TimeoutError: slow"},
        "attributes": {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3},
        "resource": {"attributes": {"service.name": "shop"}},
    }
    [row] = read_traces(json.dumps(span, indent=4).encode()).spans.to_dicts()
    assert (row["trace_id"], row["kind"], row["duration_s"]) == ("a" * 32, "llm", 2.0)
    assert (row["status"], row["error_type"], row["service_name"]) == (
        "error",
        "TimeoutError",
        "shop",
    )


def phoenix_span(**changes):
    return {
        "name": "LLM",
        "context": {"trace_id": "a" * 32, "span_id": "b" * 16},
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": "2026-01-01T00:00:00.000001+00:00",
        "end_time": "2026-01-01T00:00:00.500001+00:00",
        "status_code": "OK",
        "status_message": "",
        "attributes": {
            "llm.token_count.prompt": 11,
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "why?",
            "session.id": "s",
        },
        **changes,
    }


def test_a_rest_page_and_a_downloads_lines_read_alike():
    annotation = {
        "name": "quality",
        "annotator_kind": "HUMAN",
        "result": {"score": 0.0, "label": "bad", "explanation": "off topic"},
    }
    span = phoenix_span(annotations=[annotation])
    page = {"data": [span], "next_cursor": None}
    for source in (json.dumps(page).encode(), json.dumps(span).encode()):
        traces = read_traces(source)
        [row] = traces.rows.to_dicts()
        assert (row["input_text"], row["input_tokens"], row["duration_s"]) == ("why?", 11, 0.5)
        assert (row["conversation_id"], row["negative_feedback"]) == ("s", True)


def test_a_rest_page_of_bare_otlp_spans_reads():
    span = {
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "name": "embed",
        "start_time_unix_nano": 10**18 + 1,
        "end_time_unix_nano": 10**18 + 2,
        "attributes": [
            {"key": "openinference.span.kind", "value": {"string_value": "EMBEDDING"}},
            {"key": "embedding.embeddings.0.embedding.text", "value": {"string_value": "hi"}},
            {
                "key": "embedding.embeddings.0.embedding.vector",
                "value": {"array_value": {"values": [{"double_value": 0.5}, {"int_value": 1}]}},
            },
        ],
    }
    traces = read_traces({"data": [span], "next_cursor": None})
    assert traces.spans.select("kind", "duration_s").rows() == [("embedding", 1e-9)]
    assert traces.embeddings.select("text", "vector").rows() == [("hi", [0.5, 1.0])]
