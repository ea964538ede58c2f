"""Calls in logs, bare and as CloudWatch wraps them, and tables with cells printed by Python."""

import datetime as dt
import gzip
import itertools
import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab import read_traces
from llmops_lab.errors import FormatError
from llmops_lab.readers._log_lines import log_records
from llmops_lab.readers._python_cells import as_json

FIXTURES = Path(__file__).parent / "fixtures"


def entry(request_id):
    message = {"role": "assistant", "content": [{"text": "because"}]}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-03-02T09:00:00Z",
        "requestId": request_id,
        "operation": "Converse",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "input": {"inputBodyJson": {"messages": []}, "inputTokenCount": 10},
        "output": {"outputBodyJson": {"output": {"message": message}}, "outputTokenCount": 4},
    }


def messages(*ids):
    return [
        {
            "timestamp": 1772442000000 + n,
            "message": json.dumps(entry(request_id)),
            "eventId": str(n),
        }
        for n, request_id in enumerate(ids)
    ]


SUBSCRIPTION = {
    "messageType": "DATA_MESSAGE",
    "owner": "123456789012",
    "logGroup": "/aws/bedrock",
    "logStream": "aws/bedrock/modelinvocations",
    "subscriptionFilters": ["all"],
    "logEvents": messages("a", "b"),
}
PAGE = {
    "events": [{**event, "ingestionTime": 1, "logStreamName": "s"} for event in messages("a", "b")],
    "searchedLogStreams": [],
}
INSIGHTS = [{"@timestamp": "2026-03-02 09:00:00.000", "@message": entry(i)} for i in ("a", "b")]
RESULTS = {
    "results": [
        [{"field": key, "value": json.dumps(value) if key == "@message" else value}
         for key, value in row.items()]
        for row in INSIGHTS
    ],
    "statistics": {"recordsMatched": 2.0},
    "status": "Complete",
}  # fmt: skip


LINES = [json.dumps(entry("a")), json.dumps(entry("b"))]
LOGS = {
    "an export to S3": "".join(f"2026-03-02T09:00:00.000Z {line}\n" for line in LINES),
    "aws logs tail": "".join(f"2026-03-02T09:00:00+00:00 model/calls {line}\n" for line in LINES),
    "a logger": "".join(f"[2026-03-02 09:00:00,123] INFO {line}\r\n" for line in LINES),
    "an event stream": "".join(f"data: {line}\n\n" for line in LINES),
    "the console's CSV": pl.DataFrame(
        {"timestamp": [1772442000000] * 2, "message": LINES}
    ).write_csv(),
}


@pytest.mark.parametrize("text", LOGS.values(), ids=LOGS.keys())
def test_calls_in_the_lines_of_a_log_read_like_bare_ones(text):
    bare = read_traces([entry("a"), entry("b")]).spans.drop("source_row", "source_file")
    traces = read_traces(text.encode())
    assert traces.spans.drop("source_row", "source_file").equals(bare)
    assert traces.rejected.is_empty()


def test_a_folder_of_a_cloudwatch_export_to_s3_reads(tmp_path):
    (tmp_path / "stream").mkdir()
    packed = gzip.compress(LOGS["an export to S3"].encode())
    (tmp_path / "stream/000000.gz").write_bytes(packed)
    assert read_traces(tmp_path).spans["span_id"].to_list() == ["a", "b"]


def test_spans_amid_the_prints_of_a_program_are_read_and_no_line_is_lost():
    span = {
        "name": "chat",
        "context": {"trace_id": "0x" + "1" * 32, "span_id": "0x" + "2" * 16},
        "kind": "SpanKind.CLIENT",
        "parent_id": None,
        "start_time": "2026-01-01T00:00:00Z",
        "end_time": "2026-01-01T00:00:01Z",
        "status": {"status_code": "UNSET"},
        "attributes": {"gen_ai.request.model": "gpt-4o", "note": "braces } in { text"},
    }
    second = {**span, "context": {**span["context"], "span_id": "0x" + "3" * 16}}
    shown = [json.dumps(each, indent=4) for each in (span, second)]
    text = "\n".join(["INFO: starting", shown[0], "User asked: {name}?", "", shown[1], "done"])
    for start in ("", "INFO: starting\n"):
        traces = read_traces(text.removeprefix("INFO: starting\n" if not start else "").encode())
        assert traces.spans["span_id"].to_list() == ["2" * 16, "3" * 16]
        assert set(traces.spans["duration_s"]) == {1.0}
    lines = {row["line"]: row["reason"] for row in traces.rejected.to_dicts()}
    where = [n for n, line in enumerate(text.split("\n"), 1) if line in ("INFO: starting", "done")]
    assert set(where) < set(lines)
    assert len(lines) == 3


def test_messages_of_cloudwatch_may_be_of_any_format_and_an_unknown_one_is_named():
    call = {"custom_id": "a", "id": "x", "response": {"status_code": 200, "body": {}}}
    events = [{"timestamp": 1, "message": json.dumps(call), "ingestionTime": 1}]
    traces = read_traces({"events": events, "nextForwardToken": "f"})
    assert traces.spans["source_format"].to_list() == ["openai-batch"]
    events = [{"timestamp": 1, "message": '{"level": "INFO", "msg": "hi"}', "ingestionTime": 1}]
    with pytest.raises(FormatError, match="its keys: level, msg"):
        read_traces({"events": events, "nextForwardToken": "f"})


@pytest.mark.parametrize("wrapped", [SUBSCRIPTION, PAGE, INSIGHTS, RESULTS])
def test_every_wrapper_of_cloudwatch_gives_the_same_calls(wrapped):
    bare = read_traces([entry("a"), entry("b")]).spans.drop("source_row", "source_file")
    traces = read_traces(json.dumps(wrapped).encode())
    assert traces.spans.drop("source_row", "source_file").equals(bare)
    assert traces.spans["output_text"].to_list() == ["because", "because"]
    assert traces.rejected.is_empty()


def test_a_csv_of_logs_insights_reads(tmp_path):
    rows = [{**row, "@message": json.dumps(row["@message"])} for row in INSIGHTS]
    pl.DataFrame(rows).write_csv(tmp_path / "logs-insights-results.csv")
    traces = read_traces(tmp_path / "logs-insights-results.csv")
    assert traces.spans["span_id"].to_list() == ["a", "b"]


def test_a_message_that_is_no_call_is_rejected_and_the_others_are_read():
    events = [*messages("a"), {"message": "START RequestId"}, {"message": '{"level": "INFO"}'}]
    traces = read_traces({**SUBSCRIPTION, "logEvents": events})
    assert traces.spans["span_id"].to_list() == ["a"]
    assert traces.rejected["reason"].to_list() == ["not an object", "no span_id"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
no_surrogates = plain.filter(lambda value: "\\ud" not in json.dumps(value))


@given(value=st.lists(no_surrogates) | st.dictionaries(st.text(), no_surrogates))
def test_what_python_prints_is_read_as_json(value):
    printed = repr(value)
    if "\\ud" in printed or "inf" in printed:
        return
    assert json.loads(as_json(printed)) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("['a' 'b']", ["a", "b"]),
        ("[{'a': 'x y'}\n {'a': array([1, 2], dtype=object)}]", [{"a": "x y"}, {"a": [1, 2]}]),
        ("['}\\n {' 'x']", ["}\n {", "x"]),
        ("{'t': Timestamp('2026-03-02 09:00', tz='UTC')}", {"t": "2026-03-02 09:00"}),
        (repr([dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)]), ["2026-03-02T09:00:00.000000Z"]),
        ("{'n': nan, 'm': -1.5}", {"n": None, "m": -1.5}),
    ],
)  # fmt: skip
def test_numpy_and_pandas_cells_are_opened(printed, value):
    assert json.loads(as_json(printed)) == value


@pytest.mark.parametrize(
    "text",
    [
        "[__import__('os').system('true')]",
        "{'a': (lambda: 1)()}",
        "[RunResponse(content=None)]",
        "{**{}}",
        "[1, 2",
        "[...]",
        "[" * 5000,
        "[" + "1," * 400_000 + "]",
        '{"already": "JSON"}',
    ],
)
def test_nothing_is_evaluated_and_what_is_not_plain_stays(text):
    assert as_json(text) == text


def test_phoenix_cells_printed_by_pandas_read_like_its_parquet(shared, tmp_path):
    path = shared / "traces/phoenix/spans_dataframe_no_events.parquet"
    pd.read_parquet(path).to_csv(tmp_path / "spans.csv")
    a, b = read_traces(path), read_traces(tmp_path / "spans.csv")
    same = pl.all().exclude("source_file", "source_row", "attributes")
    assert b.spans.select(same).equals(a.spans.select(same))
    assert b.spans["output_messages"].drop_nulls().str.contains('"role"').any()
    assert b.documents.equals(a.documents)
    assert b.documents.height == 3


def printed(rows):
    return pd.DataFrame(rows).to_csv(index=False).encode()


def test_langsmith_runs_that_pandas_wrote_keep_what_lies_in_their_objects():
    run = {
        "id": "r",
        "trace_id": "r",
        "name": "ask",
        "run_type": "llm",
        "start_time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "end_time": dt.datetime(2026, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
        "inputs": {"messages": [{"role": "user", "content": "why's that?"}]},
        "outputs": {"output": "because"},
        "extra": {"metadata": {"ls_model_name": "gpt-4o", "thread_id": "th", "user_id": "u"}},
        "prompt_tokens": 5,
        "completion_tokens": 2,
    }
    [span] = read_traces(printed([run])).spans.to_dicts()
    assert (span["request_model"], span["conversation_id"], span["user_id"]) == (
        "gpt-4o",
        "th",
        "u",
    )
    assert (span["input_text"], span["output_text"]) == ("why's that?", "because")


def test_weave_calls_that_pandas_wrote_keep_their_tokens():
    call = {
        "id": "c",
        "trace_id": "t",
        "op_name": "weave:///a/b/op/openai.chat.completions.create:x",
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:01Z",
        "inputs": {"messages": [{"role": "user", "content": "why?"}]},
        "summary": {"usage": {"gpt-4o": {"prompt_tokens": 30, "completion_tokens": 5}}},
    }
    [span] = read_traces(printed([call])).spans.to_dicts()
    assert (span["input_tokens"], span["request_model"], span["input_text"]) == (
        30,
        "gpt-4o",
        "why?",
    )


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-4.1", "us.anthropic.claude-haiku-4-5-v1:0"])
def test_weave_calls_flattened_with_dots_read_like_their_json_lines(model):
    lines = (FIXTURES / "weave_calls.jsonl").read_text().replace("gpt-5-mini", model)
    flat = pd.json_normalize([json.loads(line) for line in lines.splitlines()])
    assert f"summary.usage.{model}.prompt_tokens" in flat.columns
    same = pl.all().exclude("source_file", "source_row", "attributes")
    from_lines = read_traces(lines.encode())
    for source in (flat.to_csv(index=False).encode(), flat):
        found = read_traces(source)
        assert found.spans.select(same).equals(from_lines.spans.select(same))
    assert from_lines.rows["input_tokens"].to_list() == [1200]


def test_langsmith_runs_flattened_with_dots_keep_texts_and_tokens():
    run = {
        "id": "r",
        "trace_id": "r",
        "name": "ask",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00",
        "inputs": {"messages": [{"role": "user", "content": "why?"}]},
        "outputs": {"output": "because", "usage_metadata": {"input_tokens": 9}},
        "extra": {"metadata": {"ls_model_name": "gpt-4.1"}},
    }
    [span] = read_traces(pd.json_normalize([run]).to_csv(index=False).encode()).spans.to_dicts()
    assert (span["input_text"], span["output_text"]) == ("why?", "because")
    assert (span["input_tokens"], span["request_model"]) == (9, "gpt-4.1")


def test_what_litellm_was_not_told_to_store_is_no_text():
    row = {
        "request_id": "r",
        "call_type": "acompletion",
        "spend": 0.1,
        "startTime": "2025-01-24 09:20:46",
        "messages": "{}",
        "response": "{}",
        "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 3}}},
        "prompt_tokens": 10,
    }
    for source in ([row], printed([row])):
        [span] = read_traces(source).spans.to_dicts()
        assert (span["input_text"], span["output_text"]) == (None, None)
        assert span["cache_read_tokens"] == 3


def test_a_batch_of_azure_numbers_no_lines():
    body = {"id": "chatcmpl-9", "model": "gpt-4o", "object": "chat.completion", "choices": []}
    line = {"custom_id": "task-0", "response": {"body": body, "status_code": 200}, "error": None}
    assert read_traces([line]).spans["span_id"].to_list() == ["chatcmpl-9"]


LOG = "".join(
    f"2026-03-02 INFO handled {{ {n}\n"
    f"2026-03-02 INFO {json.dumps(entry(f'r{n}'), indent=n % 3 or None)}\n\n"
    for n in range(6)
)


@given(cuts=st.sets(st.integers(0, LOG.count("\n"))))
def test_a_log_read_in_blocks_gives_what_the_whole_gives(cuts):
    lines = LOG.encode().splitlines(keepends=True)
    edges = [0, *sorted(cuts), len(lines)]
    blocks = [b"".join(lines[a:b]) for a, b in itertools.pairwise(edges)]
    batches = list(log_records(block for block in blocks if block))
    found = [record for batch in batches for record in batch]
    starts = [n for n, line in enumerate(lines, 1) if b"INFO {" in line]
    assert [r.line for r in found if isinstance(r.data, dict)] == starts
    assert [r.data for r in found if isinstance(r.data, dict)] == [entry(f"r{n}") for n in range(6)]
    assert [r.data for r in found if isinstance(r.data, bytes)] == [
        f"2026-03-02 INFO handled {{ {n}".encode() for n in range(6)
    ]
    assert all(len(batch) > 1 for batch in batches)


def test_a_log_whose_first_call_comes_late_keeps_every_line():
    starts = [f"starting worker {n}" for n in range(1203)]
    text = "\n".join([*starts, "{not: json", json.dumps(entry("r1")), json.dumps(entry("r2"))])
    traces = read_traces(text.encode())
    assert traces.spans["source_row"].to_list() == [1205, 1206]
    assert traces.rejected["line"].to_list() == list(range(1, 1205))
    assert "! 1,204 lines that are no JSON, first at line 1. See .rejected." in str(traces)
