"""Evals of a prompt file from the command line, against a real server on loopback."""

import json

import pytest

from llmops_lab import EvalRun
from llmops_lab.cli import main
from tests._server import running, says


@pytest.fixture
def server():
    with running(says("four")) as server:
        yield server


def test_a_prompt_file_is_a_target(server, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.md").write_text(
        "---\nmodel: tiny\nparameters: {temperature: 0}\n---\nAnswer in one word.\n"
    )
    (tmp_path / "golden.jsonl").write_text(
        json.dumps({"id": "a", "input": "two and two?", "expected": "four"})
    )
    what = ["--golden", "golden.jsonl", "--target", f"helper.md@{server.url}", "--out", "run.jsonl"]
    with pytest.raises(SystemExit) as end:
        main(["eval", *what])
    assert end.value.code == 0
    ((_, body),) = server.requests
    assert (body["model"], body["temperature"]) == ("tiny", 0)
    assert [m["content"] for m in body["messages"]] == ["Answer in one word.", "two and two?"]
    run = EvalRun.load("run.jsonl")
    assert run.results[0].passed
    assert run.plan.prompt.path == "helper.md"
    (tmp_path / "helper.md").write_text("No model is named.")
    with pytest.raises(SystemExit) as end:
        main(["eval", *what])
    assert end.value.code == 3
    assert "names no model" in capsys.readouterr().err
