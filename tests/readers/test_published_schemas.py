"""Formats without a real file here: records made from the tool's published schema."""

import json

import polars as pl
import pytest

from llmops_lab import read_traces

ASKED = {"role": "user", "content": "why?"}
SAID = {"role": "assistant", "content": "because"}
TEXTS = ("why?", "because")


def one(record):
    traces = read_traces(record if isinstance(record, bytes) else [record])
    [span] = traces.spans.to_dicts()
    return span, traces


def test_weave_counts_leaves_and_names_ops():
    call = {
        "id": "p",
        "trace_id": "t",
        "parent_id": None,
        "op_name": "weave:///acme/shop/op/answer:AbC123",
        "started_at": "2026-01-01T00:00:00.000Z",
        "ended_at": "2026-01-01T00:00:03.000Z",
        "inputs": {"question": "why?"},
        "output": "because",
        "summary": {
            "usage": {"gpt-4o": {"prompt_tokens": 30, "completion_tokens": 5, "requests": 2}},
            "weave": {"status": "success", "latency_ms": 3000},
        },
        "thread_id": "th",
    }
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": 5,
        "total_tokens": 35,
        "prompt_tokens_details": {"cached_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    child = {
        **call,
        "id": "c",
        "parent_id": "p",
        "op_name": "weave:///acme/shop/op/openai.chat.completions.create:XyZ",
        "inputs": {"model": "gpt-4o", "messages": [ASKED]},
        "output": {"id": "x", "choices": [{"message": SAID}]},
        "summary": {
            "usage": {"gpt-4o": usage},
            "weave": {
                "status": "success",
                "costs": {
                    "gpt-4o": {
                        "prompt_tokens_total_cost": 0.02,
                        "completion_tokens_total_cost": 0.01,
                    }
                },
                "feedback": [
                    {"feedback_type": "wandb.reaction.1", "payload": {"emoji": "👎"}},
                    {
                        "feedback_type": "wandb.runnable.on_topic",
                        "payload": {"output": {"passed": True}},
                    },
                ],
            },
        },
    }
    traces = read_traces("\n".join(json.dumps(c) for c in (call, child)).encode())
    [row] = traces.rows.to_dicts()
    assert (row["input_tokens"], row["output_tokens"], row["n_llm_calls"]) == (30, 5, 1)
    assert row["cost_reported_usd"] == pytest.approx(0.03)
    assert (row["name"], row["duration_s"], row["conversation_id"]) == ("answer", 3.0, "th")
    assert row["negative_feedback"]
    spans = {s["span_id"]: s for s in traces.spans.to_dicts()}
    assert spans["c"]["kind"] == "llm"
    assert (spans["c"]["cache_read_tokens"], spans["c"]["reasoning_tokens"]) == (10, 2)
    assert spans["c"]["output_text"] == "because"
    assert traces.scores["value"].to_list() == [None, 1.0]


def test_opik_export_is_a_tree_with_scores_and_checks():
    document = {
        "trace": {
            "id": "t",
            "name": "chat",
            "start_time": "2026-01-01 00:00:00+00:00",
            "end_time": "2026-01-01 00:00:02.500000+00:00",
            "input": {"question": "why?"},
            "output": {"answer": "because"},
            "thread_id": "th",
            "tags": ["beta"],
            "usage": {"prompt_tokens": 12},
            "feedback_scores": [{"name": "useful", "value": 0.0, "source": "ui"}],
            "guardrails_validations": [
                {"span_id": "s", "checks": [{"name": "PII", "result": "failed"}]}
            ],
        },
        "spans": [
            {
                "id": "s",
                "trace_id": "t",
                "parent_span_id": None,
                "name": "gpt",
                "type": "llm",
                "start_time": "2026-01-01 00:00:01+00:00",
                "end_time": "2026-01-01 00:00:02+00:00",
                "model": "gpt-4o",
                "provider": "openai",
                "ttft": 250.0,
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": 3,
                    "original_usage.prompt_tokens_details.cached_tokens": 4,
                },
                "total_estimated_cost": 0.001,
                "error_info": {"exception_type": "RateLimit", "message": "slow down"},
            }
        ],
    }
    traces = read_traces(json.dumps(document, indent=2).encode())
    [row] = traces.rows.to_dicts()
    assert (row["n_spans"], row["input_tokens"], row["cache_read_tokens"]) == (2, 12, 4)
    assert (row["duration_s"], row["conversation_id"], row["tags"]) == (2.5, "th", ["beta"])
    assert (row["guardrail_hit"], row["negative_feedback"]) == (True, True)
    assert (row["input_text"], row["output_text"]) == TEXTS
    call = traces.spans.filter(kind="llm").to_dicts()[0]
    assert (call["ttft_s"], call["status"], call["error_type"]) == (0.25, "error", "RateLimit")
    assert call["parent_span_id"] == "t"


HELICONE = {
    "request_id": "r1",
    "request_created_at": "2026-01-01T00:00:00.000Z",
    "response_created_at": "2026-01-01T00:00:01.500Z",
    "request_path": "/v1/chat/completions",
    "response_status": 429,
    "provider": "OPENAI",
    "request_model": "gpt-4o",
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "prompt_cache_read_tokens": 2,
    "delay_ms": 1500,
    "time_to_first_token": 320,
    "costUSD": 0.002,
    "request_user_id": "u",
    "request_properties": {"Helicone-Session-Id": "s", "Helicone-Session-Path": "/ask"},
    "feedback_rating": False,
    "request_body": {"messages": [ASKED]},
    "response_body": {"choices": [{"message": SAID}]},
}


def flat(value):
    return json.dumps(value) if isinstance(value, dict) else value


def test_helicone_lines_and_csv_read_alike(tmp_path):
    span, traces = one(HELICONE)
    pl.DataFrame([{k: flat(v) for k, v in HELICONE.items()}]).write_csv(tmp_path / "h.csv")
    [again] = read_traces(tmp_path / "h.csv").spans.to_dicts()
    differ = {k for k in span if span[k] != again[k]}
    assert differ <= {"source_file", "source_row", "attributes"}
    assert (span["duration_s"], span["ttft_s"], span["trace_id"]) == (1.5, 0.32, "s")
    assert (span["status"], span["error_type"], span["name"]) == ("error", "429", "/ask")
    assert (span["input_text"], span["output_text"], span["user_id"]) == ("why?", "because", "u")
    assert traces.rows["negative_feedback"].to_list() == [True]


NOTICE = {"helicone_message": "fetching body from signed_url... contact engineering@helicone.ai"}


def test_helicone_counts_cached_tokens_in_and_a_body_that_was_not_fetched_is_no_text():
    row = {**HELICONE, "request_body": NOTICE, "response_body": NOTICE, "time_to_first_token": 0}
    row = {**row, "scores": {"polite": 80, "safe": {"value": 1, "valueType": "boolean"}}}
    span, traces = one({**row, "prompt_tokens": 976, "prompt_cache_read_tokens": 1024})
    assert (span["input_tokens"], span["cache_read_tokens"]) == (2000, 1024)
    assert (span["input_text"], span["output_text"], span["ttft_s"]) == (None, None, None)
    scores = {s["name"]: (s["value"], s["data_type"]) for s in traces.scores.to_dicts()}
    assert scores == {
        "feedback": (0.0, "boolean"),
        "polite": (80.0, "numeric"),
        "safe": (1.0, "boolean"),
    }
    usage = {"prompt_tokens": 2000, "prompt_tokens_details": {"cached_tokens": 1024}}
    body = {**HELICONE["response_body"], "usage": {**usage, "completion_tokens": 7}}
    told, _ = one({**row, "prompt_tokens": 976, "completion_tokens": 4, "response_body": body})
    assert (told["input_tokens"], told["output_tokens"]) == (2000, 7)
    assert "because" not in (told["attributes"] or ""), "a text stands once"


def test_a_table_of_helicones_requests_counts_likewise_and_sets_aside_what_is_no_number():
    asked = {"messages": [{"role": "user", "content": "what is a helicone_message?"}]}
    table = pl.DataFrame(
        {
            "request_id": ["a", "b", "c"],
            "request_created_at": ["2026-01-01T00:00:00Z"] * 3,
            "prompt_tokens": ["976", "many", None],
            "prompt_cache_read_tokens": ["1024", "0", "0"],
            "request_body": [json.dumps(asked), json.dumps(NOTICE), json.dumps(NOTICE)],
        }
    )
    traces = read_traces(table.write_csv().encode())
    assert traces.spans["input_tokens"].to_list() == [2000, None]
    assert traces.spans["input_text"].to_list() == ["what is a helicone_message?", None]
    assert traces.rejected["reason"].to_list() == ["prompt_tokens: 'many' is not a number"]


def test_the_csv_of_helicones_export_tool_reads():
    """Its columns, and its way to write an object: quotes doubled before the cell is quoted."""
    names = (
        "response_id", "response_created_at", "response_status", "request_created_at",
        "request_body", "request_properties", "request_user_id", "model", "prompt_tokens",
        "completion_tokens", "latency", "cost",
    )  # fmt: skip
    row = {
        **HELICONE,
        "response_id": "x1",
        "model": "gpt-4o",
        "cost": 0.002,
        "request_body": {"messages": [{"role": "user", "content": 'say "no"'}], "user": ""},
    }

    def cell(value):
        if isinstance(value, dict):
            value = json.dumps(value).replace('"', '""')
        return "" if value is None else '"' + str(value).replace('"', '""') + '"'

    line = ",".join(cell(row.get(name)) for name in names)
    span, _ = one(f"{','.join(names)}\n{line}\n".encode())
    assert (span["source_format"], span["span_id"], span["request_model"]) == (
        "helicone",
        "x1",
        "gpt-4o",
    )
    assert (span["input_text"], span["trace_id"], span["duration_s"]) == ('say "no"', "s", 1.5)
    assert (span["input_tokens"], span["status"]) == (9, "error")


def test_promptlayer_pages_read():
    item = {
        "id": 7,
        "prompt_name": "greet",
        "prompt_version_number": 3,
        "provider_type": "openai",
        "engine": "gpt-4o",
        "request_start_time": "2026-01-01T00:00:00Z",
        "request_end_time": "2026-01-01T00:00:02Z",
        "latency": 2.0,
        "input_tokens": 5,
        "output_tokens": 6,
        "price": 0.01,
        "status": "ERROR",
        "error_message": "bad",
        "tags_array": ["a"],
        "scores": [{"name": "ok", "value": 90}],
    }
    traces = read_traces({"items": [item], "page": 1})
    [span] = traces.spans.to_dicts()
    assert (span["span_id"], span["prompt_name"], span["prompt_version"]) == ("7", "greet", "3")
    assert (span["duration_s"], span["status"], span["tags"]) == (2.0, "error", ["a"])
    assert span["cost_reported_usd"] == 0.01
    assert traces.scores.select("name", "value").rows() == [("ok", 90.0)]


@pytest.mark.parametrize("start", [1_767_225_600_000_000_000, 1_767_225_600_000])
def test_datadog_reads_nanoseconds_nano_dollars_and_tags(start):
    item = {
        "id": "x",
        "type": "span",
        "attributes": {
            "trace_id": "t",
            "span_id": "s",
            "parent_id": "undefined",
            "name": "ask",
            "span_kind": "llm",
            "ml_app": "shop",
            "start_ns": start,
            "duration": 1_500_000_000,
            "status": "ok",
            "model_name": "gpt-4o",
            "model_provider": "openai",
            "metrics": {
                "input_tokens": 10,
                "output_tokens": 4,
                "cache_read_input_tokens": 6,
                "estimated_total_cost": 25_000,
            },
            "tags": ["env:prod", "session_id:s1", "user_id:u1"],
            "input": {"messages": [ASKED]},
            "output": {"messages": [SAID]},
        },
    }
    traces = read_traces({"data": [item], "meta": {}})
    [span] = traces.spans.to_dicts()
    assert span["start_time"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert (span["duration_s"], span["is_root"]) == (1.5, True)
    assert span["cost_reported_usd"] == pytest.approx(0.000025)
    assert (span["conversation_id"], span["user_id"], span["environment"]) == ("s1", "u1", "prod")
    assert (span["input_text"], span["output_text"]) == TEXTS


def bedrock(output_body, **changes):
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-01-01T00:00:00Z",
        "requestId": "r",
        "operation": "Converse",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "input": {
            "inputBodyJson": {
                "messages": [{"role": "user", "content": [{"text": "why?"}]}],
                "inferenceConfig": {"maxTokens": 99},
            },
            "inputTokenCount": 10,
            "cacheReadInputTokenCount": 3,
        },
        "output": {"outputBodyJson": output_body, "outputTokenCount": 4},
        **changes,
    }


def test_bedrock_adds_cached_tokens_to_the_input():
    message = {"role": "assistant", "content": [{"text": "because"}]}
    body = {"output": {"message": message}, "stopReason": "end_turn", "metrics": {"latencyMs": 800}}
    span, _ = one(bedrock(body))
    assert (span["input_tokens"], span["cache_read_tokens"], span["output_tokens"]) == (13, 3, 4)
    assert (span["duration_s"], span["finish_reasons"], span["max_tokens"]) == (
        0.8,
        ["end_turn"],
        99,
    )
    assert (span["input_text"], span["output_text"]) == TEXTS


def test_bedrocks_streamed_pieces_are_joined():
    events = [
        {"contentBlockDelta": {"delta": {"text": "be"}}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "cause"}},
        {"messageStop": {"stopReason": "end_turn"}},
    ]
    span, _ = one(bedrock(events, operation="ConverseStream"))
    assert (span["output_text"], span["is_streaming"]) == ("because", True)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": "why?", "max_gen_len": 9}, {"generation": "because", "stop_reason": "stop"}),
        (
            {"inputText": "why?", "textGenerationConfig": {"maxTokenCount": 9}},
            {"inputTextTokenCount": 7, "results": [{"tokenCount": 3, "outputText": "because"}]},
        ),
        ({"prompt": "why?", "max_tokens_to_sample": 9}, {"completion": "because", "stop": "x"}),
    ],
)
def test_bedrocks_bodies_of_other_makers_give_their_texts(asked, said):
    span, _ = one(bedrock(said, input={"inputBodyJson": asked, "inputTokenCount": 4}))
    assert (span["input_text"], span["output_text"]) == TEXTS
    assert span["max_tokens"] == 9


def test_bedrock_tells_of_a_streamed_call_how_long_it_took_and_why_it_ended():
    metrics = {"inputTokenCount": 9, "invocationLatency": 713, "firstByteLatency": 362}
    events = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "because"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics},
    ]
    span, _ = one(bedrock(events, operation="InvokeModelWithResponseStream"))
    assert (span["duration_s"], span["ttft_s"]) == (0.713, 0.362)
    assert (span["finish_reasons"], span["output_text"]) == (["max_tokens"], "because")


def test_vidur_and_serving_benchmarks_read():
    span, _ = one(b"arrived_at,num_prefill_tokens,num_decode_tokens\n0.25,100,7\n")
    assert (span["start_offset_s"], span["input_tokens"], span["output_tokens"]) == (0.25, 100, 7)
    result = {
        "model_id": "m",
        "backend": "vllm",
        "input_lens": [10, 20],
        "output_lens": [3, 0],
        "ttfts": [0.5, 0.0],
        "itls": [[0.1, 0.2], []],
        "generated_texts": ["hi", ""],
        "errors": ["", "timeout"],
        "cached_tokens": [8, 0],
        "start_times": [100.0, 100.5],
    }
    spans = read_traces(json.dumps(result).encode()).spans
    # A request that failed has waited for nothing: 0.0 seconds would flatter every percentile.
    assert spans["duration_s"].to_list() == [pytest.approx(0.8), None]
    assert spans["ttft_s"].to_list() == [0.5, None]
    assert spans["cache_read_tokens"].to_list() == [8, 0]
    assert spans["start_offset_s"].to_list() == [0.0, 0.5]
    assert spans["status"].to_list() == ["unset", "error"]
    assert spans["request_model"].to_list() == ["m", "m"]


def test_a_langsmith_bulk_export_reads_from_its_hive_folders(tmp_path):
    folder = tmp_path / "export_id=e/tenant_id=t/session_id=p/runs/year=2026/month=1/day=1"
    folder.mkdir(parents=True)
    run = {
        "id": "r",
        "trace_id": "r",
        "name": "ask",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00.000000",
        "end_time": "2026-01-01T00:00:01.000000",
        "inputs": json.dumps({"messages": [ASKED]}),
        "outputs": json.dumps({"output": "because"}),
        "extra": json.dumps({"metadata": {"ls_model_name": "gpt-4o", "thread_id": "th"}}),
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_cost": "0.00012",
        "feedback_stats": json.dumps({"thumb": {"n": 1, "avg": 1.0}}),
    }
    frame = pl.DataFrame([run]).with_columns(
        pl.col("start_time", "end_time").str.to_datetime(time_unit="us")
    )
    frame.write_parquet(folder / "runs.parquet")
    traces = read_traces(tmp_path)
    [row] = traces.rows.to_dicts()
    assert (row["input_text"], row["output_text"], row["model"]) == ("why?", "because", "gpt-4o")
    assert (row["duration_s"], row["cost_reported_usd"]) == (1.0, 0.00012)
    assert (row["conversation_id"], row["feedback"]) == ("th", 1.0)
