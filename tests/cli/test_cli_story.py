"""The command line on the sample data, against what was planted in it."""

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
    policy, run = str(DATA / "gate.toml"), str(tmp_path / "claude-haiku-4-5")
    files = ("--baseline", str(tmp_path / "gpt-4.1-mini"), "--junit", str(tmp_path / "gate.xml"))
    with pytest.raises(SystemExit) as end:
        main(["gate", "--policy", policy, "--run", run, *files])
    assert end.value.code == 1
    assert "must-pass" in capsys.readouterr().out
    assert "<testsuite" in (tmp_path / "gate.xml").read_text()
