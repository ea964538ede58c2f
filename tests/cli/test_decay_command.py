"""`llmops-lab decay` by its output."""

import json

import numpy as np
import pytest

from llmops_lab.cli import main


@pytest.fixture
def export(tmp_path):
    """Three weeks of 60 calls a day as an OpenAI export would have them; failures jump at the
    end of the second."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(21 * 60):
        day = i // 60
        line = {
            "id": f"c{i}",
            "object": "chat.completion",
            "created": 1772323200 + day * 86400 + i % 60,
            "model": "m",
            "choices": [{"message": {"role": "assistant", "content": "ok"}}],
        }
        if rng.random() < (0.03 if day < 14 else 0.2):
            line["error"] = {"code": "server_error", "message": "overloaded"}
        lines.append(json.dumps(line))
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(lines))
    return str(path)


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code, capsys.readouterr().out


def test_failures_that_rose_are_named_with_the_day(capsys, export):
    code, out = run(capsys, "decay", export)
    assert code == 0
    assert "1 rate has risen" in out
    assert "15 Mar 2026" in out


def test_rows_come_as_json(capsys, export):
    _, out = run(capsys, "decay", export, "--json", "--baseline-days", "10")
    row = json.loads(out.splitlines()[0])
    assert (row["metric"], row["flagged"]) == ("error_rate", True)
