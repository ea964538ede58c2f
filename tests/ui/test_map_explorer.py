"""Segments and drift on a map, in a real JupyterLab, on the sample data."""

from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.ui, pytest.mark.slow]

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "traces" / "langfuse.jsonl.zst"

READ = f"""
from datetime import UTC, datetime
import llmops_lab as lab

traces = lab.read_traces({str(SAMPLE)!r})
everything = lab.embed(traces)
start = everything.frame["start_time"]
baseline = everything.take((start < datetime(2026, 3, 9, tzinfo=UTC)).to_numpy())
current = everything.take((start >= datetime(2026, 3, 16, tzinfo=UTC)).to_numpy())
"""
SEGMENTS = "segments = lab.segment(current)\nmap = lab.explore(segments)\nmap"
DRIFT = """
report = lab.detect_drift(baseline, current)
lab.explore(report)
"""


@pytest.fixture(scope="module")
def sample():
    """The made traces; the test skips where they are not made yet."""
    if not SAMPLE.exists():
        pytest.skip("the sample data is not made (make sample-data)")
    return SAMPLE


@pytest.fixture
def explorer(lab, sample):
    """Run the cells and give the widget of the last."""

    def show(*cells):
        lab.write("map.ipynb", [READ, *cells])
        lab.open("map.ipynb")
        lab.set_theme("Light")
        lab.run_all()
        widget = lab.page.locator(".llmops-map")
        widget.locator(".llmops-map-groups tbody tr").first.wait_for()
        widget.evaluate("node => node.scrollIntoView({block: 'end'})")
        return widget

    return show


def count_shown(widget):
    text = widget.locator(".llmops-shown").inner_text()
    return int(text.split(" of ")[0].replace(",", ""))


def is_drawn(widget):
    return widget.locator(".llmops-map-points").evaluate(
        "node => node.getContext('2d').getImageData(0, 0, node.width, node.height)"
        ".data.some(value => value !== 0)"
    )


def test_a_lasso_and_a_segment_choose_the_texts_to_read(lab, explorer):
    widget = explorer(SEGMENTS)
    assert is_drawn(widget)
    everything = count_shown(widget)

    widget.locator(".llmops-map-groups tbody button").nth(1).click()
    size = widget.locator(".llmops-map-groups tbody tr").nth(1).locator("td").first.inner_text()
    wanted = f"{size} of"
    widget.locator(".llmops-shown", has_text=wanted).wait_for()
    widget.locator(".llmops-code pre", has_text="segments.rows(1)").wait_for()
    lab.screenshot("segment-explorer-light")

    widget.get_by_role("button", name="Choose nothing").click()
    widget.locator(".llmops-shown", has_text=f"{everything:,} of").wait_for()
    box = widget.locator(".llmops-map-over").bounding_box()
    mouse = lab.page.mouse
    left, top = box["x"] + 30, box["y"] + 20
    mouse.move(left, top)
    mouse.down()
    for x, y in ((0.5, 0.0), (0.5, 0.9), (0.0, 0.9)):
        mouse.move(left + x * (box["width"] - 60), top + y * (box["height"] - 40), steps=8)
    mouse.up()
    lab.page.wait_for_function(
        "all => !document.querySelector('.llmops-map .llmops-shown').textContent.startsWith(all)",
        arg=f"{everything:,} of",
    )
    assert 0 < count_shown(widget) < everything
    assert widget.get_by_role("button", name="Choose nothing").is_visible()


def pixels(widget):
    return widget.locator(".llmops-map-points").evaluate("node => node.toDataURL()")


def map_processes(lab):
    """Processes that make a map for a kernel of this server."""
    found = psutil.process_iter(["cmdline", "cwd"])
    here = str(lab.folder)
    return [
        process
        for process in found
        if "llmops_lab._scan.map_process" in (process.info["cmdline"] or ())
        and process.info["cwd"] == here
    ]


def test_the_first_map_is_drawn_at_once_and_umap_takes_its_place(lab, explorer):
    widget = explorer(DRIFT)
    assert is_drawn(widget)
    coming = widget.locator(".llmops-map-coming")
    coming.locator("progress").wait_for()
    widget.locator(".llmops-map-coming", has_text="placing queries").wait_for()
    first = pixels(widget)
    coming.wait_for(state="hidden", timeout=120_000)
    lab.page.wait_for_function(
        "old => document.querySelector('.llmops-map-points').toDataURL() !== old", arg=first
    )
    widget.locator(".llmops-map-canvas[aria-busy='false']").wait_for()
    assert map_processes(lab) == []


def test_a_map_is_not_made_any_more_when_its_cell_is_cleared(lab, explorer):
    widget = explorer(DRIFT)
    widget.locator(".llmops-map-coming progress").wait_for()
    making = map_processes(lab)
    assert len(making) == 1
    lab.command("notebook:clear-all-cell-outputs")
    gone, alive = psutil.wait_procs(making, timeout=20)
    assert (len(gone), alive) == (1, [])


def test_a_drift_report_shows_what_changed_and_who_said_it(lab, explorer):
    widget = explorer(DRIFT)
    assert is_drawn(widget)
    assert "new" in widget.locator(".llmops-map-groups").inner_text()
    widget.locator(".llmops-map-groups tr", has_text="new").first.get_by_role("button").click()
    widget.locator(".llmops-reader td", has_text="points").wait_for()
    widget.get_by_role("button", name="■ Now").click()
    widget.locator(".llmops-map-canvas[aria-busy='false']").wait_for(timeout=120_000)
    lab.set_theme("Dark")
    lab.screenshot("drift-explorer-dark")


def test_escape_forgets_what_was_typed_however_quickly(lab, explorer):
    widget = explorer(SEGMENTS)
    everything = widget.locator(".llmops-shown").inner_text()
    search = widget.get_by_role("searchbox")
    search.fill("refund")
    lab.page.keyboard.press("Escape")
    assert search.input_value() == ""
    search.fill("refund")
    lab.page.wait_for_function(
        "all => document.querySelector('.llmops-map .llmops-shown').textContent !== all",
        arg=everything,
    )
    lab.page.keyboard.press("Escape")
    widget.locator(".llmops-shown", has_text=everything).wait_for()
    assert search.input_value() == ""
