"""The release notebook in a real JupyterLab."""

import shutil
from pathlib import Path

import nbformat
import pytest

pytestmark = [pytest.mark.ui, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = REPOSITORY / "notebooks" / "02_release.ipynb"
SAMPLE = REPOSITORY / "sample_data"
PICTURES = {"release-diff": ("lab.diff(", "Dark"), "release-gate": ("lab.approve(", "Light")}


@pytest.fixture
def story(lab):
    """The notebook beside the sample data, in the server's folder."""
    if not (SAMPLE / "traces" / "langfuse.jsonl.zst").exists():
        pytest.skip("the sample data is not made (make sample-data)")
    folder = lab.folder / "release"
    (folder / "notebooks").mkdir(parents=True)
    shutil.copy(NOTEBOOK, folder / "notebooks")
    (folder / "sample_data").symlink_to(SAMPLE)
    return folder


def test_a_prompt_goes_from_its_history_to_a_signed_verdict(lab, story):
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    lab.open(f"release/notebooks/{NOTEBOOK.name}")
    lab.command("application:toggle-left-area")
    lab.run_all()
    for name, (start, theme) in PICTURES.items():
        lab.set_theme(theme)
        lab.show_cell(next(i for i, cell in enumerate(cells) if start in cell.source))
        lab.screenshot(f"{name}-{theme.lower()}")
    assert lab.page.get_by_text("Gate: PASS").count()
    assert not lab.foreign_requests()
