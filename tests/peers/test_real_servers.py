"""Cases and scores on real servers of MLflow and Phoenix on loopback, and back."""

import os
import secrets
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

import polars as pl
import pytest
import requests

from llmops_lab import (
    Case,
    GoldenSet,
    LabError,
    MLflow,
    Phoenix,
    Traces,
    pull_cases,
    pull_scores,
    push_cases,
    push_scores,
    score,
)
from llmops_lab.scorers import scorers
from tests.peers._cases import CASES

pytestmark = pytest.mark.slow

GOLDEN = GoldenSet(CASES)


def python_with(package):
    """A Python that has the package: of the environment of peers (see the Makefile), or ours."""
    folder = Path(os.environ.get("LLMOPS_LAB_PEERS", Path(sys.prefix) / "peers"))
    look = f"from importlib.metadata import version; version({package!r})"
    for python in (str(folder / "bin/python"), sys.executable):
        if Path(python).exists():
            found = subprocess.run([python, "-c", look], check=False, capture_output=True)
            if found.returncode == 0:
                return python
    pytest.skip(f"{package} is not here: make peers")


def free_port():
    with create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextmanager
def serving(arguments, ready, folder, **environment):
    """A server, once a line of its log says that it is ready."""
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if ready in line:
                break
        else:
            pytest.fail(f"the server did not start: {''.join(said)[-2000:]}")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    python = python_with("mlflow")
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    arguments = [
        python,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        f"sqlite:///{folder}/m.db",
    ]
    arguments += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": ""}
    with serving(arguments, "Application startup complete", folder, **quiet):
        yield MLflow(f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory):
    python = python_with("arize-phoenix")
    folder, port = tmp_path_factory.mktemp("phoenix"), free_port()
    environment = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PYTHONPATH": "",
        "PYTHONUNBUFFERED": "1",
    }
    arguments = [python, "-m", "phoenix.server.main", "serve"]
    with serving(arguments, "Uvicorn running", folder, **environment):
        yield Phoenix(f"http://127.0.0.1:{port}")


@pytest.fixture(params=["mlflow", "phoenix"])
def peer(request):
    return request.getfixturevalue(request.param)


def post(url, body):
    answer = requests.post(url, json=body, timeout=60)
    answer.raise_for_status()


def test_every_field_of_a_case_comes_back(peer):
    pushed = push_cases(GOLDEN, peer, name="golden")
    assert (pushed.n, pushed.lost) == (3, {})
    again = pull_cases(peer, name="golden")
    assert {case.id: case for case in again} == {case.id: case for case in GOLDEN}


def test_pushed_again_a_changed_case_replaces_itself(peer):
    name = f"again-{secrets.token_hex(3)}"
    push_cases(GoldenSet((Case("q", "old", id="a"),)), peer, name=name)
    push_cases(GoldenSet((Case("q", "new", id="a"),)), peer, name=name)
    assert [case.expected for case in pull_cases(peer, name=name)] == ["new"]


def test_personal_data_is_masked_on_its_way(peer):
    golden = GoldenSet((Case("I am ana@shop.example", "Hello", id="a"),))
    pushed = push_cases(golden, peer, name="masked")
    assert pushed.masked
    assert "ana@" not in pull_cases(peer, name="masked").cases[0].input


def test_a_data_set_that_is_not_there_is_named(peer):
    with pytest.raises(LabError, match="no data set 'none'"):
        pull_cases(peer, name="none")


def traces_of(trace_ids):
    frame = pl.DataFrame(
        {
            "trace_id": trace_ids,
            "span_id": [secrets.token_hex(8) for _ in trace_ids],
            "kind": ["llm"] * len(trace_ids),
            "input_text": ["Where?"] * len(trace_ids),
            "output_text": ["I'm sorry, I can't help with that.", "It left the warehouse."],
        }
    )
    return Traces.from_frame(frame)


def on_mlflow(peer):
    trace_ids = [f"tr-{secrets.token_hex(16)}" for _ in range(2)]
    for trace_id in trace_ids:
        info = {
            "trace_id": trace_id,
            "trace_location": {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": "0"},
            },
            "request_time": "2026-11-24T10:00:00Z",
            "execution_duration": "1s",
            "state": "OK",
        }
        post(f"{peer.base_url}/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
    return traces_of(trace_ids)


def on_phoenix(peer):
    trace_ids = [secrets.token_hex(16) for _ in range(2)]
    spans = [
        {
            "name": "chat",
            "context": {"trace_id": trace_id, "span_id": secrets.token_hex(8)},
            "span_kind": "LLM",
            "start_time": "2026-11-24T10:00:00Z",
            "end_time": "2026-11-24T10:00:01Z",
            "status_code": "OK",
        }
        for trace_id in trace_ids
    ]
    url = f"{peer.base_url}/v1/projects/default/spans"
    post(url, {"data": spans})
    # Phoenix takes spans at once and stores them a moment later.
    until = time.monotonic() + 60
    while not all(trace_id in requests.get(url, timeout=60).text for trace_id in trace_ids):
        assert time.monotonic() < until
    return traces_of(trace_ids)


@pytest.mark.parametrize(("name", "made"), [("mlflow", on_mlflow), ("phoenix", on_phoenix)])
def test_scores_go_to_the_traces_they_are_of_and_come_back(request, name, made):
    peer = request.getfixturevalue(name)
    traces = made(peer)

    def says_pass(prompt):
        return '{"reason": "kind enough", "verdict": "pass"}'

    scored = score(traces, ["refusal", "groundedness", scorers["judge"](says_pass)])
    pushed = push_scores(scored, peer)
    assert pushed.n == 4  # groundedness had nothing to say
    back = pull_scores(traces, peer)
    columns = ["trace_id", "name", "value", "label", "source", "evaluator", "explanation"]
    wanted = scored.scores.drop_nulls("label").select(columns).sort("trace_id", "name")
    assert back.scores.select(columns).sort("trace_id", "name").equals(wanted)
    assert back.scores["created_at"].null_count() == 0
    failed = back.rows.filter(pl.col("failed_checks").list.len() > 0)
    assert failed["failed_checks"].to_list() == [["refusal"]]
    assert push_scores(scored, peer, names=["judge"]).n == 2


def test_a_trace_that_is_not_there_is_an_error_that_names_the_request(peer):
    strange = score(traces_of([secrets.token_hex(16) for _ in range(2)]), ["refusal"])
    with pytest.raises(LabError, match=r"POST http://127.0.0.1:\d+/.*HTTP 4"):
        push_scores(strange, peer)
