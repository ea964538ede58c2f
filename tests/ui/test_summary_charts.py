"""A summary and its chart in a real JupyterLab: offline, in both themes, combined with another."""

import re

import pytest

pytestmark = pytest.mark.ui

CELLS = [
    """
from datetime import UTC, datetime, timedelta
import polars as pl
import llmops_lab as lab
start = datetime(2026, 1, 1, tzinfo=UTC)
frame = pl.DataFrame({
    "span_id": [str(i) for i in range(4000)],
    "kind": "llm",
    "start_time": [start + timedelta(minutes=3 * i) for i in range(4000)],
    "duration_s": [0.5 + (i * 37 % 100) / 50 for i in range(4000)],
    "request_model": [("small", "large")[i % 2] for i in range(4000)],
    "status": [("ok", "error")[i % 31 == 0] for i in range(4000)],
})
traces = lab.Traces.from_frame(frame, source="calls.jsonl")
summary = lab.summarize(traces, by="model", every="1d")
lab.summarize(traces, by="model")
""",
    "lab.plot(summary)",
    "lab.plot(traces) & lab.plot(summary, show='duration')",
]


def test_a_summary_and_its_charts_show_without_a_network_in_both_themes(lab):
    lab.write("summary.ipynb", CELLS)
    lab.open("summary.ipynb")
    lab.run_all()
    lab.page.get_by_text(re.compile("^4,000 traces, .*by model$")).wait_for()
    panels = lab.page.locator(".llmops-Chart").first
    for theme in ("Light", "Dark"):
        lab.set_theme(theme)
        panels.locator("svg .mark-line path").first.wait_for()
        lab.page.locator(".llmops-Chart").nth(1).locator("svg .mark-rect path").first.wait_for()
    assert "Number of traces" in panels.inner_text()
    panels.locator("svg .mark-symbol path").first.hover(force=True)
    tooltip = lab.page.locator(".llmops-Chart-tooltip")
    tooltip.wait_for()
    assert " s" in tooltip.inner_text()
    assert "95 % interval" in tooltip.inner_text()
    assert lab.foreign_requests() == []
    assert lab.errors == []


PRICES = """
from IPython.display import HTML, Math
from llmops_lab._display import Table
shown = Table("$1 → $2", "from $3 to $4", ["a"], [["$5 and $6"]], ["$7 or $8"], ["$9, $10"])
HTML(shown.html())
"""


def test_two_prices_in_a_line_are_no_formula(lab):
    lab.write("prices.ipynb", [PRICES, "Math('x^2')"])
    lab.open("prices.ipynb")
    lab.run_all()
    lab.page.locator("mjx-container").first.wait_for()  # formulas are set by now
    assert lab.page.locator("mjx-container").count() == 1
    text = lab.page.locator(".jp-OutputArea-output").first.inner_text()
    for shown in ("$1 → $2", "from $3 to $4", "$5 and $6", "$7 or $8", "$9, $10"):
        assert shown in text
