"""Bedrock logs as CloudWatch wraps them, and tables whose cells were printed by Python."""

import datetime as dt
import json

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab import read_traces
from llmops_lab.readers._python_cells import as_json


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
