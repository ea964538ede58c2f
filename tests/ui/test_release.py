"""The release notebook in a real JupyterLab."""

from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.ui, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = REPOSITORY / "notebooks" / "02_release.ipynb"
PICTURES = {"release-diff": ("lab.diff(", "Dark"), "release-gate": ("lab.approve(", "Light")}


def test_a_prompt_goes_from_its_history_to_a_signed_verdict(lab, beside_sample_data):
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    story = beside_sample_data(NOTEBOOK)
    lab.open(f"{story.name}/notebooks/{NOTEBOOK.name}")
    lab.command("application:toggle-left-area")
    lab.run_all()
    for name, (start, theme) in PICTURES.items():
        lab.set_theme(theme)
        lab.show_cell(next(i for i, cell in enumerate(cells) if start in cell.source))
        lab.screenshot(f"{name}-{theme.lower()}")
    assert lab.page.get_by_text("Gate: PASS").count()
    assert not lab.foreign_requests()
