"""The notebook runner behind `make demo`."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

RUNNER = Path(__file__).resolve().parents[2] / "notebooks" / "run.py"


@pytest.fixture
def execute(tmp_path):
    """Run cells through the runner: (finished process, executed notebook)."""

    def run(*cells):
        notebook = nbformat.v4.new_notebook(cells=list(cells))
        nbformat.write(notebook, tmp_path / "story.ipynb")
        output = tmp_path / "out" / "story.ipynb"
        command = [sys.executable, RUNNER, tmp_path / "story.ipynb", "--output", output]
        own = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path / "data")}
        process = subprocess.run(command, capture_output=True, text=True, check=False, env=own)
        return process, nbformat.read(output, as_version=4)

    return run


def code(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def test_each_cell_is_named_by_its_heading_and_the_findings_are_printed(execute):
    heading = nbformat.v4.new_markdown_cell("## Reading the export\nWords.")
    process, executed = execute(
        heading, code("rows = 6 * 7"), code("print('found', rows)", "findings")
    )
    assert process.returncode == 0
    assert "[ 1/2] Reading the export" in process.stdout
    assert "[ 2/2] print('found', rows)" in process.stdout
    assert "\nfound 42\n" in process.stdout
    assert "story.ipynb" in process.stdout.splitlines()[-1]
    assert executed.cells[2].outputs[0].text == "found 42\n"


def test_a_failing_cell_ends_the_run_with_its_error_and_keeps_the_notebook(execute):
    process, executed = execute(code("1 / 0"), code("print('never')", "findings"))
    assert process.returncode == 1
    assert "ZeroDivisionError" in process.stderr
    assert executed.cells[0].outputs[0].ename == "ZeroDivisionError"
    assert executed.cells[1].outputs == []


def test_findings_cannot_steer_the_terminal(execute):
    process, _ = execute(code(r"print('a\x1b]0;title\x07b\x1b[31mred\x9bK é 🙂')", "findings"))
    assert "\x1b" not in process.stdout
    assert "\x07" not in process.stdout
    assert "a]0;titlebredK é 🙂" in process.stdout


EVAL = """
import llmops_lab as lab
cases = tuple(lab.Case(input=text, expected=text, id=text) for text in "abc")
run = lab.evaluate(lambda text: "a", lab.GoldenSet(cases), scorers=["exact"])
"""


def test_how_an_eval_went_stays_as_text_where_its_bar_was(execute):
    process, executed = execute(code(EVAL))
    assert process.returncode == 0, process.stderr
    (shown,) = executed.cells[0].outputs
    assert list(shown.data) == ["text/plain"]
    assert shown.data["text/plain"].startswith("eval: 3 of 3 cases in ")
    assert shown.data["text/plain"].endswith(", 33 % passed")
