"""Evals of a prompt file from the command line, against a real server on loopback."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from llmops_lab import EvalRun
from llmops_lab.cli import main


class _Model(BaseHTTPRequestHandler):
    seen: ClassVar[list] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(body)
        reply = {"choices": [{"message": {"content": "four"}, "finish_reason": "stop"}]}
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    with HTTPServer(("127.0.0.1", 0), _Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_prompt_file_is_a_target(url, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.md").write_text(
        "---\nmodel: tiny\nparameters: {temperature: 0}\n---\nAnswer in one word.\n"
    )
    (tmp_path / "golden.jsonl").write_text(
        json.dumps({"id": "a", "input": "two and two?", "expected": "four"})
    )
    what = ["--golden", "golden.jsonl", "--target", f"helper.md@{url}", "--out", "run.jsonl"]
    with pytest.raises(SystemExit) as end:
        main(["eval", *what])
    assert end.value.code == 0
    (body,) = _Model.seen
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
