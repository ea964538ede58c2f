"""Log-probabilities of answers, read where an export has them."""

import json

import pytest

from llmops_lab.ingest import read_traces


def body(logprobs):
    message = {"role": "assistant", "content": "Hi!"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1734986202,
        "model": "gpt-4o-mini",
        "choices": [
            {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }


CONTENT = [
    {"token": "Hi", "logprob": -0.5, "top_logprobs": [{"token": "Ho", "logprob": -3.0}]},
    {"token": "!", "logprob": -1.25, "top_logprobs": []},
]


def rows_of(tmp_path, record):
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(record))
    return read_traces(path).rows.row(0, named=True)


def test_a_stored_completion_gives_the_sum_over_its_tokens_and_not_over_the_alternatives(tmp_path):
    row = rows_of(tmp_path, body({"content": CONTENT}))
    assert row["output_logprob"] == pytest.approx(-1.75)
    assert row["n_logprobs"] == 2


def test_a_batch_line_gives_them_too_and_one_without_gives_null(tmp_path):
    line = {"id": "b1", "custom_id": "r1", "error": None}
    response = {"status_code": 200, "request_id": "q1"}
    row = rows_of(tmp_path, {**line, "response": {**response, "body": body({"content": CONTENT})}})
    assert (row["output_logprob"], row["n_logprobs"]) == (pytest.approx(-1.75), 2)
    row = rows_of(tmp_path, {**line, "response": {**response, "body": body(None)}})
    assert (row["output_logprob"], row["n_logprobs"]) == (None, None)
