"""A notebook that was run elsewhere and is only opened here."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.ui

RUNNER = Path(__file__).resolve().parents[2] / "notebooks" / "run.py"
CELL = """
import llmops_lab as lab
from llmops_lab.golden import Case

golden = lab.GoldenSet((Case(input="Is it open on Sunday?", expected="no", id="sunday"),))
run = lab.evaluate(lambda question: "yes", golden, scorers=["exact"])
lab.explore(run, golden=golden)
"""


def test_a_widget_shows_as_it_was_saved_and_says_how_to_go_on(lab, jupyter_home):
    cells = [nbformat.v4.new_code_cell(CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lab.folder / "source.ipynb")
    command = [sys.executable, RUNNER, lab.folder / "source.ipynb"]
    command += ["--output", lab.folder / "saved.ipynb"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **jupyter_home})

    lab.open("saved.ipynb")
    widget = lab.page.locator(".llmops-run")
    widget.locator(".llmops-away:visible", has_text="Run this cell").wait_for()
    assert widget.locator(".llmops-reader header strong").inner_text() == "sunday"
    lab.run_all()
    lab.page.locator(".llmops-run[data-kernel=here] .llmops-row").first.wait_for()
    assert lab.page.locator(".llmops-away:visible").count() == 0


def test_a_widget_saved_by_jupyterlab_leaves_its_picture(lab):
    lab.write("reopened.ipynb", [CELL])
    lab.open("reopened.ipynb")
    lab.run_all()
    lab.page.locator(".llmops-run[data-kernel=here]").wait_for()
    assert not lab.page.get_by_text("As it was when this cell ran").is_visible()
    lab.command("docmanager:save")
    lab.page.locator(".lm-TabBar-tab.lm-mod-current:not(.jp-mod-dirty)").first.wait_for()
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown().then(() => null)"
    )

    lab.open("reopened.ipynb")
    picture = lab.page.locator(".llmops-mod-picture")
    picture.get_by_text("As it was when this cell ran").wait_for()
    assert "Is it open on Sunday?" in picture.inner_text()
    assert not lab.page.get_by_text("model not found").is_visible()
    lab.run_all()
    lab.page.locator(".llmops-run[data-kernel=here]").wait_for()
    assert lab.page.locator(".llmops-mod-picture").count() == 0
