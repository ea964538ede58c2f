"""The benchmark of reading runs, finds the same tokens every way, and cleans up behind itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "ingest.py"


@pytest.mark.slow
def test_every_way_of_reading_finds_the_same_tokens(tmp_path):
    command = [
        sys.executable,
        str(BENCHMARK),
        "100",
        "--runs",
        "1",
        "--cache-gb",
        "0.001",
        "--shapes",
        "otlp",
    ]
    root = str(BENCHMARK.parents[1])
    env = {**os.environ, "PYTHONPATH": root, "TMPDIR": str(tmp_path), "TQDM_DISABLE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    for line in ("otlp: 100 spans", "second read"):
        assert line in done.stdout
    assert done.stdout.count("llmops_lab") == 1
    assert "other tokens" not in done.stdout
    assert list(tmp_path.iterdir()) == []
