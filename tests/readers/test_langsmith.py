"""LangSmith: SDK payloads, query pages and JSON lines."""

import json

import pytest

from llmops_lab import read_traces

PAYLOADS = (
    "langsmith_js_wrap_openai_default",
    "langsmith_js_wrap_openai_stream",
    "langsmith_py_wrap_openai_",
    "langsmith_py_wrap_openai_reasoning",
)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payloads_post_and_patch_are_one_run(name, shared):
    path = shared / "traces/langsmith" / f"{name}.json"
    payload = json.loads(path.read_text())
    [post], [patch] = payload["post"], payload["patch"]
    [span] = read_traces(path).spans.to_dicts()
    usage = patch["outputs"]["usage_metadata"]
    assert span["span_id"] == post["id"]
    assert span["input_tokens"] == usage["input_tokens"]
    assert span["output_tokens"] == usage["output_tokens"]
    assert span["reasoning_tokens"] == usage["output_token_details"]["reasoning"]
    assert span["request_model"] == post["extra"]["metadata"]["ls_model_name"]
    assert span["response_model"] == patch["outputs"]["model"]
    assert span["input_text"] == post["inputs"]["messages"][0]["content"]
    assert span["output_text"] == patch["outputs"]["choices"][0]["message"]["content"]
    assert span["finish_reasons"] == ["stop"]


def test_epoch_milliseconds_and_iso_text_are_both_times(shared):
    folder = shared / "traces/langsmith"
    js = read_traces(folder / "langsmith_js_wrap_openai_default.json").spans
    py = read_traces(folder / "langsmith_py_wrap_openai_.json").spans
    assert js["duration_s"].to_list() == [(1728803138285 - 1728803137170) / 1e3]
    assert py["duration_s"].to_list() == [1.118333]


def test_a_query_page_is_one_tree_that_counts_its_one_call(shared):
    path = shared / "traces/langsmith/sample_runs_flat.json"
    runs = {run["id"]: run for run in json.loads(path.read_text())["runs"]}
    traces = read_traces(path)
    [row] = traces.rows.iter_rows(named=True)
    call = runs["grandchild-uuid-1"]
    assert row["n_spans"] == 4
    assert row["input_tokens"] == call["prompt_tokens"]
    assert row["output_tokens"] == call["completion_tokens"]
    assert row["cost_reported_usd"] == call["total_cost"]
    assert row["tokens_reported"] == runs["root-uuid-1234"]["total_tokens"]
    assert row["tokens_mismatch"]
    assert row["duration_s"] == 232.12
    assert row["ttft_s"] == 1.5
    assert row["conversation_id"] == "test-thread-123"


def test_lines_read_like_the_page_they_came_from(shared):
    path = shared / "traces/langsmith/sample_runs_flat.json"
    runs = json.loads(path.read_text())["runs"]
    lines = "\n".join(json.dumps(run) for run in runs).encode()
    assert read_traces(lines).rows.equals(read_traces(path).rows)


def test_feedback_and_documents_come_along():
    run = {
        "id": "r",
        "trace_id": "r",
        "name": "search",
        "run_type": "retriever",
        "start_time": "2026-01-01T00:00:00",
        "end_time": "2026-01-01T00:00:01.5",
        "inputs": {"query": "refunds"},
        "outputs": {"documents": [{"page_content": "30 days", "metadata": {"page": 2}}]},
        "feedback_stats": {"thumbs": {"n": 1, "avg": 0.0, "values": {}}},
        "extra": {"metadata": {"user_id": "u"}},
    }
    traces = read_traces([run])
    assert traces.documents.select("content", "metadata").rows() == [("30 days", '{"page":2}')]
    [row] = traces.rows.iter_rows(named=True)
    assert (row["user_id"], row["negative_feedback"], row["duration_s"]) == ("u", True, 1.5)
    assert traces.spans["input_text"].to_list() == ["refunds"]


def test_what_a_model_that_completes_text_generated_is_the_text():
    generation = {"text": "because", "generation_info": {"finish_reason": "stop"}}
    run = {
        "id": "r",
        "trace_id": "r",
        "name": "ask",
        "run_type": "llm",
        "start_time": "2026-01-01T00:00:00",
        "inputs": {"prompts": ["why?"]},
        "outputs": {
            "generations": [[generation]],
            "llm_output": {"token_usage": {"prompt_tokens": 5, "completion_tokens": 2}},
            "type": "LLMResult",
        },
    }
    [span] = read_traces([run]).spans.to_dicts()
    assert (span["input_text"], span["output_text"]) == ("why?", "because")
    assert (span["input_tokens"], span["output_tokens"]) == (5, 2)
    assert span["finish_reasons"] == ["stop"]
    two = {**run, "outputs": {"generations": [[generation], [generation]]}}
    [span] = read_traces([two]).spans.to_dicts()
    assert span["output_text"].startswith('{"generations":'), "of two prompts no answer is chosen"


@pytest.mark.parametrize("text", ['{"post": 7, "patch": []}', '{"post": [], "patch": 7}'])
def test_a_payload_that_lists_nothing_holds_no_runs(text):
    assert read_traces(text.encode()).rejected["reason"].to_list() == ["holds no spans"]
