"""One look for every chart: quiet axes, a palette everyone can tell apart, common sizes.

Nothing here colours text, axes or the background: our JupyterLab extension gives those the
colours of the theme, light or dark, and a saved image has Vega's black on white. Colours of
marks must therefore stand on both: each has a contrast of at least 3 : 1 with white and with
JupyterLab's dark background (WCAG 2.2, 1.4.11).
"""

from typing import Any, Final

WIDTH: Final = 640
HEIGHT: Final = 220
SMALL_WIDTH: Final = 300
SMALL_HEIGHT: Final = 110

# Found by search inside that contrast band for the largest least distance (CIE Lab) between any
# two under normal vision and the three dichromacies of Machado et al. (2009).
BLUE: Final = "#2F66C4"
ORANGE: Final = "#EF6C1A"
GREEN: Final = "#2B7D4C"
SKY: Final = "#3097C4"
BROWN: Final = "#95570F"
PURPLE: Final = "#CE56E0"
GREY: Final = "#808080"

PALETTE: Final = (BLUE, ORANGE, GREEN, SKY, BROWN, PURPLE, GREY)
"""For categories, in this order."""

BASELINE: Final = GREY
"""What was."""
CURRENT: Final = BLUE
"""What is."""
WORSE: Final = "#D5492A"
BETTER: Final = "#2A8FA8"
BAND_OPACITY: Final = 0.18
"""Of an interval drawn as an area behind its line."""

_CONFIG: Final[dict[str, Any]] = {
    "axis": {
        "domain": False,
        "grid": True,
        "gridOpacity": 0.6,
        "labelFontSize": 11,
        "labelOverlap": True,
        "tickSize": 0,
        "labelPadding": 6,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "axisX": {"grid": False, "domain": True, "tickSize": 4},
    "legend": {
        "labelFontSize": 11,
        "orient": "top",
        "symbolStrokeWidth": 2,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "title": None},
    "line": {"strokeWidth": 2, "strokeCap": "round", "strokeJoin": "round"},
    "point": {"filled": True, "size": 45},
    "bar": {"cornerRadiusEnd": 2},
    "range": {"category": list(PALETTE)},
    "title": {
        "anchor": "start",
        "fontSize": 14,
        "subtitleFontSize": 12,
        "subtitlePadding": 4,
        "offset": 12,
    },
    "view": {"stroke": None},
}


def themed(specification: dict[str, Any]) -> dict[str, Any]:
    """The Vega-Lite specification with our look; what it sets itself wins."""
    return {**specification, "config": _merged(_CONFIG, specification.get("config", {}))}


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(under[key], over[key])
        for key in under.keys() & over.keys()
        if isinstance(under[key], dict) and isinstance(over[key], dict)
    }
    return {**under, **over, **both}
