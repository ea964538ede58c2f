"""The command line on the sample data, against what was planted in it."""

import json
from pathlib import Path

import pytest

from llmops_lab.cli import main

DATA = Path(__file__).resolve().parents[2] / "sample_data"
TRACES = DATA / "traces" / "langfuse.jsonl.zst"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TRACES.exists(), reason="no sample data: make sample-data"),
]


def lines(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    said = capsys.readouterr().out
    assert end.value.code == 0
    return [json.loads(line) for line in said.splitlines()]


@pytest.fixture(scope="module")
def truth():
    return json.loads((DATA / "truth.json").read_text())


def test_drift_names_what_was_planted_and_sets_the_pasting_customer_apart(capsys, truth):
    weeks = ("--baseline", "2026-03-02/2026-03-09", "--current", "2026-03-16/2026-03-23")
    rows = lines(capsys, "drift", str(TRACES), *weeks, "--json")
    by_kind = {row["kind"]: row for row in reversed(rows)}
    share = truth["plants"]["emerging_segment"]["share_after"]
    assert "recall" in by_kind["emerging"]["name"]
    assert by_kind["emerging"]["share_current"] == pytest.approx(share, rel=0.4)
    assert "lumi" in by_kind["vanished"]["name"]
    bursts = [row for row in rows if row["kind"] == "burst"]
    pasted = truth["plants"]["pasted_query"]["query"]
    assert [row["burst_users"] for row in bursts if pasted in row["exemplars"]] == [1]
    assert not any(pasted in row["exemplars"] for row in rows if row["kind"] != "burst")


def test_summary_shows_the_tail_of_the_one_model(capsys, truth):
    rows = lines(capsys, "summary", str(TRACES), "--by", "model", "--json")
    p99 = {row["model"]: row["duration_s_p99"] for row in rows if row["model"]}
    slow = next(name for name in p99 if name.startswith(truth["plants"]["latency_tail"]["model"]))
    assert p99[slow] > 20
    assert all(value < 10 for name, value in p99.items() if name != slow)


def test_eval_and_gate_reach_the_verdict_that_the_recorded_answers_imply(capsys, tmp_path, truth):
    golden = str(DATA / "golden" / "golden.jsonl")
    for model, recorded in truth["recorded_answers"].items():
        answers = str(DATA / "golden" / f"answers_{model}.jsonl")
        what = ("--golden", golden, "--target", answers, "--scorer", "contains")
        run = lines(capsys, "eval", *what, "--out", str(tmp_path / model), "--json")
        failed = {row["case_id"] for row in run if not row["passed"]}
        assert failed == {*recorded["wrong"], *recorded["failed"]}
    policy, run = str(DATA / "gate.toml"), str(tmp_path / "claude-haiku-4-5")
    files = ("--baseline", str(tmp_path / "gpt-4.1-mini"), "--report", str(tmp_path / "gate.xml"))
    with pytest.raises(SystemExit) as end:
        main(["gate", "--policy", policy, "--run", run, *files])
    assert end.value.code == 1
    assert "must-pass" in capsys.readouterr().out
    assert "<testsuite" in (tmp_path / "gate.xml").read_text()
