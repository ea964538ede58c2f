"""Shapes of files seen in public repositories: each was lost, or read wrong, before."""

import json

from llmops_lab import read_traces


def read(document):
    traces = read_traces(json.dumps(document).encode())
    assert traces.rejected.is_empty()
    return traces


OBSERVATION = {
    "id": "call",
    "traceId": "t",
    "type": "GENERATION",
    "parentObservationId": "root",
    "startTime": "2026-02-03T13:30:51.520Z",
    "endTime": "2026-02-03T13:30:54.234Z",
    "completionStartTime": "2026-02-03T13:30:52.000Z",
    "name": "open.chat",
    "model": "gpt-4",
    "usageDetails": {"input": 50, "output": 100},
}


def test_a_langfuse_trace_may_hold_its_observations_within():
    root = {**OBSERVATION, "id": "root", "parentObservationId": None, "type": "SPAN"}
    trace = {"id": "t", "name": "job", "userId": "u", "metadata": '{"a": 1}', "scores": []}
    traces = read({"trace": {**trace, "observations": [root, OBSERVATION]}})
    assert traces.spans["span_id"].to_list() == ["root", "call"]
    assert traces.spans["ttft_s"].to_list() == [0.48, 0.48]
    assert traces.rows["user_id"].to_list() == ["u"]


RUN = {
    "id": "6ab80f10-d79c-4fa2-b441-922ed6feb630",
    "trace_id": "6ab80f10-d79c-4fa2-b441-922ed6feb630",
    "name": "Search",
    "run_type": "chain",
    "status": "success",
    "start_time": "2024-04-05T01:28:54.085646",
    "end_time": "2024-04-05T01:28:55.085646",
    "prompt_tokens": 10,
    "completion_tokens": 4,
}


def test_langsmith_runs_nested_in_their_parents_are_spans_of_one_trace():
    def below(span_id, **more):
        return {k: v for k, v in RUN.items() if k != "trace_id"} | {"id": span_id, **more}

    call = below("call", run_type="llm", name="ChatOpenAI")
    step = below("step", child_runs=[call])
    traces = read({**RUN, "child_runs": [step]})
    parents = dict(traces.spans.select("span_id", "parent_span_id").iter_rows())
    assert parents == {RUN["id"]: None, "step": RUN["id"], "call": "step"}
    # The sums of the parents are not added to the call's own.
    assert traces.rows["input_tokens"].to_list() == [10]
    assert traces.rows["n_spans"].to_list() == [3]


def test_the_post_of_a_langsmith_webhook_reads_as_a_page_of_runs():
    bounds = {"start_time": "2024-04-05T01:28:54+00:00", "end_time": "2024-04-05T01:28:56+00:00"}
    traces = read({"rule_id": "d75d", **bounds, "runs": [RUN], "feedback_stats": {}})
    assert traces.spans.select("name", "duration_s").rows() == [("Search", 1.0)]


def mlflow_attributes(**more):
    named = {"traceRequestId": "tr-1", "spanType": "LLM", **more}
    return {f"mlflow.{name}": json.dumps(value) for name, value in named.items()}


def test_the_artifact_that_mlflow_keeps_beside_its_database_reads_without_its_info():
    span = {
        "trace_id": "AACmikU0fIY2wqIYcrG/yA==",
        "span_id": "RTnCKsdk/xs=",
        "parent_span_id": "",
        "name": "generate",
        "start_time_unix_nano": 1759394440904641998,
        "end_time_unix_nano": 1759394441904641998,
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": mlflow_attributes(
            spanInputs={"messages": [{"role": "user", "content": "why?"}]},
            **{"chat.tokenUsage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}},
        ),
    }
    child = {**span, "span_id": "2XT8hYzntzo=", "parent_span_id": span["span_id"]}
    traces = read({"spans": [span, child]})
    assert traces.spans["parent_span_id"].to_list() == [None, traces.spans["span_id"][0]]
    first = traces.spans.to_dicts()[0]
    assert (first["trace_id"], first["kind"]) == ("0000a68a45347c8636c2a21872b1bfc8", "llm")
    assert (first["input_tokens"], first["input_text"], first["duration_s"]) == (5, "why?", 1.0)


def test_the_artifact_of_mlflow_2_reads_too():
    span = {
        "name": "predict",
        "context": {"span_id": "0x5b3c", "trace_id": "0x1e036cc3a7f946ec995f7763b8dde51c"},
        "parent_id": None,
        "start_time": 1727150400000000000,
        "end_time": 1727150401000000000,
        "status_code": "OK",
        "attributes": mlflow_attributes(spanOutputs="because"),
        "events": [],
    }
    [read_span] = read({"spans": [span], "request": "{}", "response": "{}"}).spans.to_dicts()
    assert (read_span["status"], read_span["duration_s"]) == ("ok", 1.0)
    assert (read_span["name"], read_span["output_text"]) == ("predict", "because")
