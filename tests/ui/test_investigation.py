"""The investigation notebook, run and used by a person in a real JupyterLab."""

import json
from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.ui, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = REPOSITORY / "notebooks" / "01_investigation.ipynb"
CORRECTION = (
    "Yes, for 9.95. Norway is outside the EU: customs (toll) are paid på døra. [shipping-abroad]"
)
PICTURES = {
    "latency": "lab.plot(",
    "drift": "lab.detect_drift(",
    "review": "lab.explore(",
    "gate": "gate.check(",
}
ALSO_DARK = {"latency", "review"}


def position_of(start):
    """Which cell begins a picture."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    found = (i for i, c in enumerate(cells) if c.cell_type == "code" and start in c.source)
    return next(found)


def test_a_person_runs_the_investigation_and_writes_a_case_back(lab, beside_sample_data):
    story = beside_sample_data(NOTEBOOK)
    lab.open(f"{story.name}/notebooks/{NOTEBOOK.name}")
    lab.set_theme("Light")
    lab.command("application:toggle-left-area")
    lab.run_all()

    lab.show_cell(position_of(PICTURES["latency"]))
    lab.page.locator(".llmops-Chart :is(svg, canvas)").first.wait_for()

    lab.show_cell(position_of("worst = "))
    lab.page.locator("td", has_text="fee of 3.50").first.wait_for()  # as the text under it says

    lab.show_cell(position_of(PICTURES["review"]))
    widget = lab.page.locator(".llmops-run")
    widget.locator(".llmops-row").first.wait_for()
    widget.locator(".llmops-table").focus()
    lab.page.keyboard.press("j")
    lab.page.keyboard.press("e")
    widget.locator("textarea:focus").wait_for()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.insert_text(CORRECTION)
    lab.page.keyboard.press("Control+Enter")
    message = widget.locator(".llmops-message", has_text="Added")
    message.wait_for()

    written = json.loads((story / "out" / "golden.jsonl").read_text().splitlines()[-1])
    assert written["expected"] == CORRECTION
    assert written["source"]["kind"] == "failure"
    assert written["id"] in message.inner_text()
    take_pictures(lab)


def take_pictures(lab):
    for theme in ("Dark", "Light"):
        lab.set_theme(theme)
        for name, start in PICTURES.items():
            if theme == "Light" or name in ALSO_DARK:
                lab.show_cell(position_of(start))
                lab.screenshot(f"investigation-{name}-{theme.lower()}")
