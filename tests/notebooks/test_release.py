"""The release notebook, run as `make demo` runs the other one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT / "sample_data" / "traces" / "langfuse.jsonl.zst"


@pytest.mark.slow
@pytest.mark.skipif(not EXPORT.exists(), reason="no sample data: make sample-data")
def test_the_shorter_prompt_ships_only_when_an_approver_has_signed(tmp_path):
    own = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    output = tmp_path / "release.ipynb"
    command = [sys.executable, "notebooks/run.py", "notebooks/02_release.ipynb", "--output", output]
    process = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=own
    )
    assert process.returncode == 0, process.stdout
    assert "Gate: PASS" in process.stdout
    assert "Signed by maren" in process.stdout
    executed = output.read_text(encoding="utf-8")
    assert "nobody approved this prompt" in executed  # what the gate said before the signature
    assert "494 words cut" in executed  # what the way back would change, before it is written
