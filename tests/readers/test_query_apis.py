"""Traces as the query APIs of Tempo, Jaeger and Logfire answer them, against the same in OTLP."""

import base64
import json

import pandas as pd
import polars as pl
import pytest

from llmops_lab import read_traces

SAME = pl.all().exclude("source_format", "source_file", "source_row")
TRACE, ROOT, CALL = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"


@pytest.fixture(params=["quo_tav_agent", "rag_earnings_agent"])
def export(request, shared):
    """A real OTLP export with its ids in base64, as Tempo writes them."""
    path = shared / "traces/otlp" / f"{request.param}.json"
    documents = json.loads(path.read_text())
    resources = [each for document in documents for each in document["resourceSpans"]]
    return resources, read_traces(json.dumps({"resourceSpans": resources}).encode())


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda spans: {"batches": spans},
        lambda spans: {"trace": {"resourceSpans": spans}, "metrics": {}},
        lambda spans: {"trace": {"batches": spans}},
        lambda spans: {"result": {"resourceSpans": spans}},
        lambda spans: {"batches": [_older(of_resource) for of_resource in spans]},
    ],
    ids=["version 1", "version 2", "in a trace", "jaeger 3", "before scopes"],
)
def test_otlp_in_the_wrapper_of_a_query_api_reads_like_otlp(export, wrapped):
    resources, plain = export
    found = read_traces(json.dumps(wrapped(resources)).encode())
    assert found.spans["source_format"].unique().to_list() == ["tempo"]
    assert found.spans.select(SAME).equals(plain.spans.select(SAME))
    assert found.rows["n_llm_calls"].sum() > 0


def _older(of_resource):
    """The same with the names that scopes had before 2022."""
    scopes = [
        {"instrumentationLibrary": scope["scope"], "spans": scope["spans"]}
        for scope in of_resource["scopeSpans"]
    ]
    return {"resource": of_resource.get("resource"), "instrumentationLibrarySpans": scopes}


def jaeger_span(span, scope):
    """A span as Jaeger's translation of OpenTelemetry has it: hex ids, microseconds, tags."""
    tags = [
        {"key": a["key"], "type": kind.removesuffix("Value"), "value": _plain(kind, value)}
        for a in span.get("attributes", [])
        for kind, value in a["value"].items()
    ]
    code = span.get("status", {}).get("code", "").removeprefix("STATUS_CODE_")
    tags += [{"key": "otel.status_code", "type": "string", "value": code}] if code else []
    tags += [{"key": "otel.scope.name", "type": "string", "value": scope}]
    trace, own = (base64.b64decode(span[key]).hex() for key in ("traceId", "spanId"))
    parent = base64.b64decode(span.get("parentSpanId", "")).hex()
    reference = {"refType": "CHILD_OF", "traceID": trace, "spanID": parent}
    start, end = (int(span[f"{end}TimeUnixNano"]) // 1000 for end in ("start", "end"))
    return {
        "traceID": trace,
        "spanID": own,
        "operationName": span["name"],
        "references": [reference] if parent else [],
        "startTime": start,
        "duration": end - start,
        "tags": tags,
        "logs": [],
        "processID": "p1",
    }


def _plain(kind, value):
    return int(value) if kind == "intValue" else value


def test_jaegers_tags_read_like_the_attributes_that_they_were(export):
    resources, plain = export
    spans = [
        jaeger_span(span, scope["scope"]["name"])
        for of_resource in resources
        for scope in of_resource["scopeSpans"]
        for span in scope["spans"]
    ]
    processes = {"p1": {"serviceName": "shop", "tags": []}}
    trace = {"traceID": spans[0]["traceID"], "spans": spans, "processes": processes}
    found = read_traces(json.dumps({"data": [trace], "total": 0}).encode())
    assert found.rejected.is_empty()
    assert found.spans["service_name"].unique().to_list() == ["shop"]
    columns = (
        "trace_id", "span_id", "parent_span_id", "name", "kind", "scope_name", "request_model",
        "input_tokens", "output_tokens", "cache_read_tokens", "usage_role", "status",
        "input_messages", "output_messages", "input_text", "output_text", "tool_name", "start_time",
    )  # fmt: skip
    assert found.spans.select(columns).equals(plain.spans.select(columns))
    stored = [{**span, "process": {"serviceName": "shop"}} for span in spans]
    lines = "\n".join(map(json.dumps, stored)).encode()
    assert read_traces(lines).spans.select(columns).equals(plain.spans.select(columns))


def test_jaegers_logs_are_events_and_its_microseconds_stay_whole():
    log = {
        "timestamp": 1_700_000_000_400_001,
        "fields": [
            {"key": "event", "type": "string", "value": "exception"},
            {"key": "exception.type", "type": "string", "value": "TimeoutError"},
            {"key": "exception.message", "type": "string", "value": "no reply"},
        ],
    }
    first = {**log, "fields": [{"key": "event", "type": "string", "value": "gen_ai.first_token"}]}
    after = {"refType": "FOLLOWS_FROM", "traceID": TRACE, "spanID": ROOT}
    span = {
        "traceID": TRACE,
        "spanID": CALL,
        "operationName": "chat",
        "references": [{**after, "traceID": "f" * 32, "spanID": "e" * 16}, after],
        "startTime": 1_700_000_000_000_001,
        "duration": 900_000,
        "tags": [
            {"key": "error", "type": "bool", "value": True},
            {"key": "gen_ai.response.finish_reasons", "type": "string", "value": '["stop"]'},
        ],
        "logs": [log, first],
        "processID": "p1",
    }
    trace = {"traceID": TRACE, "spans": [span], "processes": {"p1": {"serviceName": "shop"}}}
    [found] = read_traces([trace]).spans.to_dicts()
    assert (found["status"], found["error_type"]) == ("error", "TimeoutError")
    assert (found["error_message"], found["parent_span_id"]) == ("no reply", ROOT)
    assert (found["duration_s"], found["ttft_s"]) == (0.9, 0.4)
    assert found["start_time"].isoformat() == "2023-11-14T22:13:20.000001+00:00"
    assert found["finish_reasons"] == ["stop"]


ROW = {
    "kind": "span",
    "trace_id": TRACE,
    "span_id": ROOT,
    "parent_span_id": None,
    "span_name": "agent run",
    "message": "support run",
    "start_timestamp": "2026-03-02T09:00:00.123456Z",
    "end_timestamp": "2026-03-02T09:00:02.623456Z",
    "duration": 2.5,
    "otel_status_code": None,
    "is_exception": False,
    "exception_type": None,
    "exception_message": None,
    "service_name": "shop",
    "service_version": "1.4",
    "deployment_environment": "production",
    "tags": ["beta"],
    "attributes": {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support"},
    "attributes_json_schema": "{}",
    "otel_scope_name": "pydantic-ai",
}
ROWS = [
    ROW,
    {
        **ROW,
        "span_id": CALL,
        "parent_span_id": ROOT,
        "span_name": "chat gpt-5-mini",
        "otel_status_code": "ERROR",
        "is_exception": True,
        "exception_type": "TimeoutError",
        "exception_message": "no reply",
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5-mini",
            "gen_ai.usage.input_tokens": 1200,
            "gen_ai.usage.output_tokens": 80,
            "gen_ai.usage.details.cache_read_tokens": 1024,
            "gen_ai.conversation.id": "thread-7",
            "gen_ai.input.messages": [
                {"role": "user", "parts": [{"type": "text", "content": "Where's my parcel?"}]}
            ],
            "gen_ai.output.messages": [
                {"role": "assistant", "parts": [{"type": "text", "content": "On its way."}]}
            ],
        },
    },
]
ASKED = {"role": "user", "parts": [{"type": "text", "content": "Where's my parcel?"}]}
# The attributes that pydantic-ai 2.68.0 wrote through the logfire SDK, in its format 2 and 6.
AGENT = {
    "agent_name": "support",
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.aggregated_usage.input_tokens": 108,
    "pydantic_ai.all_messages": [
        ASKED,
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "track"}]},
        {"role": "user", "parts": [{"type": "tool_call_response", "id": "c", "result": "depot"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "On its way."}]},
    ],
    "final_result": "On its way.",
}
TOOLS = {
    2: {"tool_arguments": '{"parcel":0}', "tool_response": "at depot"},
    6: {"gen_ai.tool.call.arguments": '{"parcel":0}', "gen_ai.tool.call.result": "at depot"},
}


@pytest.mark.parametrize("version", TOOLS)
def test_the_answer_of_an_agent_is_its_result_and_not_what_a_tool_gave_it(version):
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track", **TOOLS[version]}
    below = {**ROW, "span_id": CALL, "parent_span_id": ROOT, "attributes": tool}
    traces = read_traces([{**ROW, "attributes": AGENT}, below])
    [row] = traces.rows.to_dicts()
    assert (row["input_text"], row["output_text"]) == ("Where's my parcel?", "On its way.")
    assert row["input_tokens"] is None, "a sum is no usage"
    said = {"gen_ai.operation.name": "chat", "gen_ai.completion": "On its way."}
    later = {**below, "span_id": "ab" * 8, "attributes": said}
    later["start_timestamp"] = "2026-03-02T09:00:01.5Z"
    silent = {key: value for key, value in AGENT.items() if key != "final_result"}
    untold = read_traces([{**ROW, "attributes": silent}, below, later])
    assert untold.rows["output_text"].to_list() == ["On its way."]
    run = traces.spans.filter(kind="tool").to_dicts()[0]
    assert (run["input_text"], run["output_text"]) == ('{"parcel":0}', "at depot")


COLUMNS = [{"name": name, "datatype": "Utf8", "nullable": True} for name in ROW]
CELLS = [
    {k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in r.items()} for r in ROWS
]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps({"columns": COLUMNS, "rows": ROWS}).encode(),
        json.dumps(
            {"columns": [{**c, "values": [row[c["name"]] for row in ROWS]} for c in COLUMNS]}
        ).encode(),
        "\n".join(map(json.dumps, ROWS)).encode(),
        json.dumps(ROWS).encode(),
        pd.DataFrame(CELLS).to_csv(index=False).encode(),
        pd.DataFrame(ROWS).to_csv(index=False).encode(),
        pl.DataFrame(CELLS).with_columns(pl.col("^.*_timestamp$").str.to_datetime(time_zone="UTC")),
    ],
    ids=["rows", "columns", "lines", "array", "csv", "pandas' csv", "arrow"],
)
def test_logfires_records_read_alike_however_they_were_asked_for(answer):
    traces = read_traces(answer)
    assert traces.rejected.is_empty()
    root, call = traces.spans.to_dicts()
    assert set(traces.spans["source_format"]) == {"logfire"}
    assert (root["kind"], root["agent_name"], root["status"]) == ("agent", "support", "unset")
    assert (root["duration_s"], root["tags"], root["release"]) == (2.5, ["beta"], "1.4")
    assert (root["environment"], root["service_name"]) == ("production", "shop")
    assert root["start_time"].isoformat() == "2026-03-02T09:00:00.123456+00:00"
    assert (call["kind"], call["parent_span_id"], call["conversation_id"]) == (
        "llm",
        ROOT,
        "thread-7",
    )
    assert (call["input_tokens"], call["cache_read_tokens"]) == (1200, 1024)
    assert (call["input_text"], call["output_text"]) == ("Where's my parcel?", "On its way.")
    assert (call["status"], call["error_type"]) == ("error", "TimeoutError")
