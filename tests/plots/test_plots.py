"""What every chart has in common: found by the noun, shown offline, one look."""

from dataclasses import dataclass
from itertools import combinations

import altair as alt
import numpy as np
import pytest

import llmops_lab.plots as package
from llmops_lab.errors import LabError
from llmops_lab.plots import plot, plots
from llmops_lab.plots._dressed import VEGALITE
from llmops_lab.plots._registry import Plotter
from llmops_lab.plots._theme import BETTER, PALETTE, WORSE


@dataclass(frozen=True)
class Points:
    """A noun of this test."""

    values: tuple[float, ...]


def draw(points: Points, *, color: str = "red") -> alt.Chart:
    data = alt.Data(values=[{"x": value} for value in points.values])
    return alt.Chart(data).mark_point(color=color).encode(x="x:Q")


@pytest.fixture
def chart(monkeypatch: pytest.MonkeyPatch):
    known: dict[str, Plotter] = {"Points": draw}
    monkeypatch.setattr(package, "plots", known)
    return plot(Points((1, 2)))


def test_a_chart_shows_itself_through_the_type_that_the_extension_draws(chart):
    bundle = chart._repr_mimebundle_(include=None, exclude=None)
    assert bundle[VEGALITE]["mark"] == {"type": "point", "color": "red"}
    assert "text/html" not in bundle


def test_a_notebook_file_may_hold_the_chart(chart):
    from nbformat import v4, validate

    shown = v4.new_output("display_data", chart._repr_mimebundle_())
    cell = v4.new_code_cell("plot(points)", outputs=[shown])
    validate(v4.new_notebook(cells=[cell]))


def test_a_changed_or_combined_chart_still_needs_no_network(chart):
    for changed in (chart.properties(width=3), chart | chart, chart & chart, chart + chart):
        spec = changed._repr_mimebundle_()[VEGALITE]
        assert spec["config"]["axis"]["domain"] is False
        assert str(spec).count("'config'") == 1


def test_drawing_leaves_other_charts_and_altairs_settings_alone(chart):
    assert alt.renderers.active == "default"
    assert alt.theme.active == "default"
    assert "text/html" in alt.Chart().mark_point()._repr_mimebundle_()
    assert isinstance(chart, alt.Chart)


def test_what_a_chart_sets_itself_wins_over_the_theme(monkeypatch):
    def own(points):
        return draw(points).configure_axis(labelFontSize=99)

    monkeypatch.setattr(package, "plots", {"Points": own})
    axis = plot(Points((1,))).to_dict()["config"]["axis"]
    assert axis["labelFontSize"] == 99
    assert axis["domain"] is False


def test_no_chart_colours_its_text_or_background(chart):
    config = chart.to_dict()["config"]
    assert "background" not in config
    assert not {"labelColor", "titleColor", "domainColor"} & config["axis"].keys()


def test_what_has_no_plot_says_what_has():
    with pytest.raises(LabError, match=r"plot\(\) cannot draw a int; it draws: "):
        plot(3)


def test_every_plot_says_what_it_shows():
    assert all(plots[name].__doc__ for name in plots)


def linear(color: str) -> np.ndarray:
    parts = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, light = sorted([linear(one) @ weights, linear(other) @ weights])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("color", [*PALETTE, WORSE, BETTER])
@pytest.mark.parametrize("background", ["#ffffff", "#111111"])
def test_marks_stand_out_on_the_light_and_the_dark_background(color, background):
    assert contrast(color, background) >= 3


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab_color(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_the_first_five_colours_and_worse_and_better_differ_for_every_eye(vision):
    seen = {color: lab_color(VISION[vision] @ linear(color)) for color in (*PALETTE, WORSE, BETTER)}
    pairs = [*combinations(PALETTE[:5], 2), (WORSE, BETTER)]
    assert min(np.linalg.norm(seen[a] - seen[b]) for a, b in pairs) > 14
