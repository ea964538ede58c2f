"""OTLP JSON in three dialects, against sums taken with plain json."""

import base64
import json

import pytest

from llmops_lab import read_traces
from llmops_lab.errors import FormatError


def raw_spans(path):
    """Every span of a file with its attributes as a plain dict."""
    documents = json.loads(path.read_text())
    for document in documents if isinstance(documents, list) else [documents]:
        for resource in document["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    values = {
                        a["key"]: next(iter(a["value"].values()))
                        for a in span.get("attributes", [])
                    }
                    yield scope["scope"]["name"], span, values


def hexed(text):
    return base64.b64decode(text).hex()


@pytest.fixture(params=["quo_tav_agent", "rag_earnings_agent"])
def export(request, shared):
    path = shared / "traces/otlp" / f"{request.param}.json"
    return list(raw_spans(path)), read_traces(path)


def test_protobuf_json_gives_every_span_with_exact_times_and_hex_ids(export):
    raw, traces = export
    spans = {row["span_id"]: row for row in traces.spans.iter_rows(named=True)}
    assert traces.rejected.height == 0
    assert len(spans) == len(raw)
    for scope, span, _ in raw:
        read = spans[hexed(span["spanId"])]
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert read["trace_id"] == hexed(span["traceId"])
        assert read["parent_span_id"] == (
            hexed(span["parentSpanId"]) if "parentSpanId" in span else None
        )
        assert read["scope_name"] == scope
        assert read["duration_s"] == (end - start) / 1e9
        assert int(read["start_time"].timestamp() * 1e6) == pytest.approx(start // 1000, abs=1)


def test_tokens_and_models_are_those_of_the_attributes(export):
    raw, traces = export
    wanted = sorted(
        (
            int(values["llm.token_count.prompt"]),
            int(values["llm.token_count.completion"]),
            values["llm.model_name"],
        )
        for _, _, values in raw
        if "llm.token_count.prompt" in values
    )
    found = traces.spans.filter(traces.spans["input_tokens"].is_not_null())
    assert sorted(found.select("input_tokens", "output_tokens", "request_model").rows()) == wanted


def test_kinds_are_those_of_openinference(export):
    raw, traces = export
    kinds = dict(traces.spans.select("span_id", "kind").iter_rows())
    for _, span, values in raw:
        said = values.get("openinference.span.kind", "other").lower()
        assert kinds[hexed(span["spanId"])] == (said if said != "unknown" else "other")


def test_a_call_recorded_by_two_instrumentors_is_one_call(shared):
    traces = read_traces(shared / "traces/otlp/quo_tav_agent.json")
    assert traces.spans.filter(kind="llm").height == 6
    assert traces.rows["n_llm_calls"].to_list() == [3]
    assert traces.rows["input_tokens"].to_list() == [None]  # a stream without usage


def test_retrieved_documents_come_in_order(shared):
    path = shared / "traces/otlp/rag_earnings_agent.json"
    texts = [
        values[f"retrieval.documents.{n}.document.content"]
        for _, _, values in raw_spans(path)
        for n in range(3)
        if f"retrieval.documents.{n}.document.content" in values
    ]
    documents = read_traces(path).documents
    assert documents["content"].to_list() == texts
    assert documents["position"].to_list() == [0, 1, 2]


def test_the_specifications_own_example_reads(shared):
    traces = read_traces(shared / "traces/otlp/trace.json")
    [span] = traces.spans.to_dicts()
    assert span["trace_id"] == "5b8efff798038103d269b633813fc60c"
    assert span["service_name"] == "my.service"
    assert span["is_orphan"]
    assert span["duration_s"] == 1.0
    assert json.loads(span["attributes"])["my.span.attr"] == "some value"


def test_phoenix_snake_case_with_numbers_keeps_every_nanosecond():
    start, end = 1751473879643384064, 1751473879643384065
    page = {
        "resource_spans": [
            {
                "resource": {"attributes": []},
                "scope_spans": [
                    {
                        "scope": {"name": "s"},
                        "spans": [
                            {
                                "trace_id": "0" * 31 + "1",
                                "span_id": "0" * 15 + "2",
                                "name": "x",
                                "start_time_unix_nano": start,
                                "end_time_unix_nano": end,
                                "attributes": [
                                    {
                                        "key": "llm.token_count.prompt",
                                        "value": {"int_value": 12},
                                    }
                                ],
                                "status": {"code": "STATUS_CODE_ERROR", "message": "no"},
                            }
                        ],
                    }
                ],
            }
        ]
    }
    [span] = read_traces(json.dumps(page).encode()).spans.to_dicts()
    assert span["duration_s"] == 1e-9
    assert span["input_tokens"] == 12
    assert (span["status"], span["error_message"]) == ("error", "no")


def gen_ai(**attributes):
    values = [
        {"key": key, "value": {"stringValue": v} if isinstance(v, str) else {"intValue": str(v)}}
        for key, v in attributes.items()
    ]
    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "chat",
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": "3000000000",
        "attributes": values,
    }
    document = {"resourceSpans": [{"scopeSpans": [{"scope": {}, "spans": [span]}]}]}
    [row] = read_traces(json.dumps(document).encode()).spans.to_dicts()
    return row


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens"), (100, 40)),
        (("gen_ai.usage.prompt_tokens", "gen_ai.usage.cache_read_input_tokens"), (100, 40)),
        (("llm.token_count.prompt", "llm.token_count.prompt_details.cache_read"), (100, 40)),
        (("ai.usage.inputTokens", "ai.usage.cachedInputTokens"), (100, 40)),
        (("gen_ai.usage.input_tokens", "gen_ai.usage.details.cache_read_tokens"), (100, 40)),
    ],
)
def test_every_dialect_names_tokens_its_own_way(names, expected):
    row = gen_ai(**dict(zip(names, expected, strict=True)))
    assert (row["input_tokens"], row["cache_read_tokens"]) == expected


def test_more_cached_than_input_tokens_means_they_were_counted_apart():
    row = gen_ai(
        **{
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.cache_read_input_tokens": 900,
            "gen_ai.usage.cache_creation_input_tokens": 90,
        }
    )
    assert row["input_tokens"] == 1000


def test_openllmetrys_numbered_prompts_become_messages():
    row = gen_ai(
        **{
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "be brief",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": "why?",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "because",
            "gen_ai.system": "OpenAI",
            "traceloop.span.kind": "workflow",
            "llm.request.type": "chat",
        }
    )
    assert (row["input_text"], row["output_text"]) == ("why?", "because")
    assert row["system_instructions"] == "be brief"
    assert row["kind"] == "chain"


def test_milliseconds_and_seconds_to_first_token_are_told_apart_by_name():
    assert gen_ai(**{"ai.response.msToFirstChunk": 250})["ttft_s"] == 0.25
    assert gen_ai(**{"gen_ai.response.time_to_first_chunk": 2})["ttft_s"] == 2.0


def test_a_first_token_event_gives_the_time_to_first_token(shared):
    path = shared / "traces/otlp/quo_tav_agent.json"
    wanted = sorted(
        (int(event["timeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9
        for _, span, _ in raw_spans(path)
        for event in span.get("events", [])
        if event["name"] == "First Token Stream Event"
    )
    assert len(wanted) == 3
    assert sorted(read_traces(path).spans["ttft_s"].drop_nulls()) == wanted


def event(name, **attributes):
    values = [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()]
    return {"name": name, "timeUnixNano": "2000000000", "attributes": values}


def test_events_tell_messages_exceptions_and_evaluations():
    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "chat",
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": "3000000000",
        "status": {"code": 2},
        "events": [
            event("gen_ai.user.message", content="why?"),
            event("gen_ai.choice", message='{"content": "because"}', finish_reason="stop"),
            event("exception", **{"exception.type": "TimeoutError", "exception.message": "slow"}),
            event(
                "gen_ai.evaluation.result",
                **{"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.label": "rude"},
            ),
        ],
    }
    document = {"resourceSpans": [{"scopeSpans": [{"scope": {}, "spans": [span]}]}]}
    traces = read_traces(json.dumps(document).encode())
    [row] = traces.spans.to_dicts()
    assert (row["input_text"], row["output_text"]) == ("why?", "because")
    assert (row["error_type"], row["error_message"]) == ("TimeoutError", "slow")
    assert traces.scores.select("name", "label").rows() == [("tone", "rude")]


def test_logs_are_no_traces(shared):
    for name in ("logs", "events"):
        with pytest.raises(FormatError, match="holds OTLP logs or metrics, not traces"):
            read_traces(shared / f"traces/otlp/{name}.json")


def test_the_proposed_guardrail_attributes_give_a_verdict():
    names = {
        "gen_ai.operation.name": "apply_guardrail",
        "gen_ai.guardrail.component.name": "pii",
        "gen_ai.guardrail.target.type": "output",
        "gen_ai.guardrail.verdict.type": "modify",
        "gen_ai.security.risk.score": "0.25",
    }
    values = [{"key": k, "value": {"stringValue": v}} for k, v in names.items()]
    span = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "x", "attributes": values}
    document = {"resourceSpans": [{"scopeSpans": [{"scope": {}, "spans": [span]}]}]}
    traces = read_traces(json.dumps(document).encode())
    columns = ("name", "target", "verdict", "score")
    assert traces.guardrails.select(columns).rows() == [("pii", "output", "modify", 0.25)]
    assert traces.spans["kind"].to_list() == ["guardrail"]
