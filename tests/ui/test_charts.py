"""Altair charts in a real JupyterLab."""

import re
from typing import Any

import pytest

pytestmark = pytest.mark.ui

CHART = """
import altair as alt
alt.renderers.enable("mimetype")
rows = [{"day": day, "p95": 1 + day %% 5, "model": "ab"[day %% 2]} for day in range(%d)]
chart = alt.Chart(alt.Data(values=rows), title="p95 by day", description="p95 by day")
chart.mark_line(point=True).encode(
    x="day:Q", y="p95:Q", color="model:N", tooltip=["day:Q", "model:N"]
)
"""
HOSTILE = """
from IPython.display import display
spec = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"url": "http://198.51.100.7/rows.json"},
    "usermeta": {"embedOptions": {"loader": {"baseURL": "http://198.51.100.7/"}, "patch": "http://198.51.100.7/p.json"}},
    "layer": [
        {"mark": {"type": "image", "url": "http://198.51.100.7/i.png"}},
        {"mark": {"type": "point", "href": "http://198.51.100.7/link"},
         "data": {"values": [{"a": "<img src=x onerror=alert(1)>"}]},
         "encoding": {"tooltip": {"field": "a"}, "href": {"value": "javascript:alert(1)"}}},
    ],
}
display({"application/vnd.vegalite.v6+json": spec}, raw=True)
"""


def luminance(colour: str) -> float:
    """Of `rgb(r, g, b)`, or of `rgba(r, g, b, a)` without its transparency: 0 black, 1 white."""
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def label_colour(lab: Any) -> str:
    label = lab.page.locator(".llmops-Chart svg .role-axis-label text").first
    label.wait_for()
    return label.evaluate("node => getComputedStyle(node).fill")


def test_an_altair_chart_is_drawn_without_a_network_in_both_themes(lab):
    lab.write("chart.ipynb", [CHART % 20])
    lab.open("chart.ipynb")
    lab.set_theme("Light")
    lab.run_all()
    lab.page.locator(".llmops-Chart svg .mark-line path").first.wait_for()
    light = label_colour(lab)
    lab.set_theme("Dark")
    lab.page.wait_for_function(
        "before => getComputedStyle(document.querySelector("
        "'.llmops-Chart svg .role-axis-label text')).fill !== before",
        arg=light,
    )
    assert luminance(light) < 0.5 < luminance(label_colour(lab))


def test_a_chart_of_many_rows_is_drawn_on_a_canvas(lab):
    lab.write("many.ipynb", [CHART % 5000])
    lab.open("many.ipynb")
    lab.run_all()
    lab.page.locator(".llmops-Chart canvas").wait_for()
    drawn = lab.page.locator(".llmops-Chart canvas").evaluate(
        "node => node.getContext('2d').getImageData(0, 0, node.width, node.height)"
        ".data.some(value => value !== 0)"
    )
    assert drawn


def test_a_hostile_chart_loads_nothing_and_says_what_it_asked_for(lab):
    lab.write("hostile.ipynb", [HOSTILE])
    lab.open("hostile.ipynb")
    lab.run_all()
    lab.page.locator(".llmops-Chart svg").first.wait_for()
    notes = lab.page.locator(".llmops-Chart-note").all_text_contents()
    assert any("http://198.51.100.7/rows.json" in note for note in notes)
    assert lab.page.locator(".llmops-Chart a").count() == 0
    lab.page.locator(".llmops-Chart svg .mark-symbol path").first.hover()
    lab.page.locator(".llmops-Chart-tooltip").wait_for()
    assert lab.page.locator(".llmops-Chart-tooltip img").count() == 0
    assert "<img src=x" in lab.page.locator(".llmops-Chart-tooltip").inner_text()
    assert not [url for url in lab.requests if "198.51.100.7" in url]
