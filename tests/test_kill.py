"""`kill -9` in the middle of an eval: nothing finished is lost, nothing finished is asked again."""

import json
import random
import signal
import subprocess
import sys

import pytest

from llmops_lab.evals import EvalRun

_PROGRAM = """
import asyncio, os, signal, sys, threading
from pathlib import Path
import llmops_lab as lab

folder, delay = Path(sys.argv[1]), float(sys.argv[2])
cases = [lab.Case(f"question {i}", f"answer {i}", id=f"c{i:03}") for i in range(N_CASES)]
calls = os.open(folder / "calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def answer(question):
    os.write(calls, question.encode() + b"\\n")
    await asyncio.sleep(0.002)
    return question.replace("question", "answer") if "7" not in question else "no"

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

if delay >= 0:
    threading.Timer(delay, killed).start()
lab.evaluate(
    answer, lab.GoldenSet(tuple(cases)), scorers=["exact"],
    checkpoint=folder / "run.jsonl", concurrency=4,
)
os._exit(0)
"""
N_CASES = 300


def run(folder, delay):
    """Run the eval in a process that kills itself after `delay` seconds; never if negative."""
    program = _PROGRAM.replace("N_CASES", str(N_CASES))
    command = [sys.executable, "-c", program, str(folder), str(delay)]
    return subprocess.run(command, check=False, capture_output=True, timeout=120).returncode


def finished(folder):
    """The questions whose answers are in the checkpoint, in whole lines."""
    path = folder / "run.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    records = [json.loads(line) for line in lines]
    return {record["case"]["input"] for record in records if "case" in record}


def asked(folder):
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


def content(path):
    return EvalRun.load(path).frame.select("case_id", "output", "error", "exact", "passed").rows()


@pytest.mark.parametrize("n_kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_run_goes_on_where_it_was(tmp_path, n_kills):
    undisturbed, folder = tmp_path / "undisturbed", tmp_path / "killed"
    undisturbed.mkdir()
    folder.mkdir()
    assert run(undisturbed, -1) == 0
    chance = random.Random(n_kills)
    n_killed = 0
    for _ in range(n_kills):
        before, calls = finished(folder), len(asked(folder))
        if len(before) == N_CASES:
            break
        n_killed += run(folder, chance.uniform(0.0, 0.35 / n_kills + 0.02)) == -signal.SIGKILL
        assert before <= finished(folder)
        assert before.isdisjoint(asked(folder)[calls:])
    assert n_killed >= 0.7 * n_kills
    assert run(folder, -1) == 0
    assert content(folder / "run.jsonl") == content(undisturbed / "run.jsonl")
    # Asked twice was only what was in flight at a kill: at most 4 calls each time.
    assert N_CASES <= len(asked(folder)) <= N_CASES + 4 * n_killed
