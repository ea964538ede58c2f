"""Items and scores in the shape that Langfuse's published API asks for.

The schemas hold the facts of its OpenAPI document (langfuse/langfuse,
web/public/generated/api/openapi.yml, 2026): the fields of a request, their types, what must be
there. The server below refuses what does not fit them.
"""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import polars as pl
import pytest

from llmops_lab import (
    Case,
    GoldenSet,
    LabError,
    Langfuse,
    Phoenix,
    Traces,
    pull_cases,
    pull_scores,
    push_cases,
    push_scores,
    score,
)
from tests.peers._cases import CASES

TEXT = {"type": ["string", "null"]}
SCHEMAS = {
    "/api/public/v2/datasets": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "description": TEXT, "metadata": {}},
        "required": ["name"],
        "additionalProperties": False,
    },
    "/api/public/dataset-items": {
        "type": "object",
        "properties": {
            "datasetName": {"type": "string"},
            "input": {},
            "expectedOutput": {},
            "metadata": {},
            "sourceTraceId": TEXT,
            "sourceObservationId": TEXT,
            "id": {"type": ["string", "null"], "maxLength": 255},
            "status": {"enum": ["ACTIVE", "ARCHIVED", None]},
        },
        "required": ["datasetName"],
        "additionalProperties": False,
    },
    "/api/public/scores": {
        "type": "object",
        "properties": {
            "id": TEXT,
            "traceId": TEXT,
            "sessionId": TEXT,
            "observationId": TEXT,
            "datasetRunId": TEXT,
            "name": {"type": "string"},
            "value": {"type": ["number", "string"]},
            "comment": TEXT,
            "metadata": {},
            "environment": TEXT,
            "queueId": TEXT,
            "dataType": {"enum": ["NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", None]},
            "configId": TEXT,
        },
        "required": ["name", "value"],
        "additionalProperties": False,
    },
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != self.server.wanted:
            return self.say(401, {"message": "who are you?"})
        path = urlsplit(self.path).path
        try:
            jsonschema.validate(body, SCHEMAS[path])
        except jsonschema.ValidationError as error:
            return self.say(400, {"message": error.message})
        if self.server.troubles:
            return self.say(self.server.troubles.pop(), {})
        self.server.kept.setdefault(path, {})[body.get("id") or body["name"]] = body
        return self.say(200, body)

    def do_GET(self):
        asked = urlsplit(self.path)
        query = dict(parse_qsl(asked.query))
        path = asked.path.replace("/v2/scores", "/scores")
        kept = [
            each
            for each in self.server.kept.get(path, {}).values()
            if each.get("datasetName") == query.get("datasetName")
            and each.get("traceId") == query.get("traceId")
        ]
        # Pages of two, so that turning them is seen.
        page = int(query["page"])
        meta = {"totalPages": -(-len(kept) // 2)}
        self.say(200, {"data": kept[2 * page - 2 : 2 * page], "meta": meta})

    def say(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def running():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.kept, server.troubles = {}, []
    server.wanted = "Basic " + base64.b64encode(b"pk-lf-1:sk-lf-very-secret").decode()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def langfuse(monkeypatch):
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-1")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-very-secret")
    with running() as server:
        yield server, Langfuse(f"http://127.0.0.1:{server.server_port}")


GOLDEN = GoldenSet((*CASES, Case({"topic": "tea"}, id="topic")))


def test_items_fit_the_schema_and_come_back_whole(langfuse):
    server, peer = langfuse
    assert push_cases(GOLDEN, peer, name="returns").n == 4
    assert set(server.kept["/api/public/dataset-items"]) == {
        f"returns/{case.id}" for case in GOLDEN
    }
    again = pull_cases(peer, name="returns")
    assert {case.id: case for case in again} == {case.id: case for case in GOLDEN}


def test_scores_fit_the_schema_and_come_back(langfuse):
    server, peer = langfuse
    frame = pl.DataFrame(
        {
            "trace_id": ["t1", "t2", "t3"],
            "span_id": ["s1", "s2", "s3"],
            "input_text": ["Where?"] * 3,
            "output_text": ["I'm sorry, I can't help with that.", "It left.", None],
        }
    )
    traces = Traces.from_frame(frame)
    scored = score(traces, ["refusal", "pii", "length"])
    assert push_scores(scored, peer).n == 6
    assert push_scores(scored, peer).n == 6
    assert len(server.kept["/api/public/scores"]) == 6  # pushed again, a score replaces itself
    back = pull_scores(traces, peer)
    columns = ["trace_id", "name", "value", "label", "evaluator"]
    wanted = scored.scores.drop_nulls("label").select(columns).sort("trace_id", "name")
    assert back.scores.select(columns).sort("trace_id", "name").equals(wanted)


def test_a_server_in_passing_trouble_is_asked_again(langfuse):
    server, peer = langfuse
    server.troubles += [429, 503]
    assert push_cases(GOLDEN, peer, name="returns").n == 4


def test_a_wrong_key_is_told_without_the_key(langfuse, monkeypatch):
    _, peer = langfuse
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-another-secret")
    with pytest.raises(LabError, match="HTTP 401") as error:
        push_cases(GOLDEN, peer, name="returns")
    assert "sk-lf" not in str(error.value)
    monkeypatch.delenv("LANGFUSE_SECRET_KEY")
    with pytest.raises(LabError, match="set LANGFUSE_SECRET_KEY"):
        push_cases(GOLDEN, peer, name="returns")


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(LabError, match=r"GET http://127\.0\.0\.1:9/v1/datasets: .*attempt"):
        pull_cases(Phoenix("http://127.0.0.1:9"), name="returns")


@pytest.mark.filterwarnings("default")
def test_what_is_sent_is_what_langfuses_own_client_would_send(langfuse):
    """The request models of its Python package are generated from the same document."""
    api = pytest.importorskip("langfuse.api")
    serialization = pytest.importorskip("langfuse.api.core.serialization")
    models = {
        "/api/public/v2/datasets": api.CreateDatasetRequest,
        "/api/public/dataset-items": api.CreateDatasetItemRequest,
        "/api/public/scores": api.CreateScoreRequest,
    }
    server, peer = langfuse
    push_cases(GOLDEN, peer, name="returns")
    said = {"trace_id": ["t1"], "span_id": ["s1"], "output_text": ["I'm sorry, I can't help."]}
    push_scores(score(Traces.from_frame(pl.DataFrame(said)), ["refusal", "length"]), peer)
    for path, model in models.items():
        assert server.kept[path]
        for body in server.kept[path].values():
            named = serialization.convert_and_respect_annotation_metadata(
                object_=body, annotation=model, direction="read"
            )
            assert not model.model_validate(named).model_extra
