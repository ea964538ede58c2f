"""What people ask for as a picture: how much of it, and where it lies."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from llmops_lab import _quantities as quantities
from llmops_lab.errors import LabError
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BLUE, GREY, PALETTE, WIDTH
from llmops_lab.segments import Segments

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT: Final = 22
_MOST_ROWS: Final = 25
_MOST_POINTS: Final = 3000
_MAP_HEIGHT: Final = 380
_TOOLTIP: Final = {
    "name": "segment",
    "queries": "queries",
    "users": "users",
    "share_text": "share of queries",
    "feedback": "negative feedback",
    "cost": "cost, mean",
}


@plots.register("Segments")
def plot_segments(segments: Segments) -> "alt.VConcatChart":
    """Share of queries per segment, largest first, and a map that colours the six largest.

    At most 25 segments and a sample of 3,000 queries; no query's text is in the chart.
    Raises LabError when there is no segment.
    """
    import altair as alt

    rows = [_row(row) for row in segments.frame.head(_MOST_ROWS).iter_rows(named=True)]
    if not rows:
        raise LabError("no segment to draw: too few queries, or too scattered")
    outside = float((segments.membership < 0).mean())
    title = alt.Title(
        f"{len(segments)} segments of {len(segments.embeddings):,} queries",
        subtitle=f"{outside:.0%} of the queries belong to none",
    )
    return alt.vconcat(_bars(rows), _map(segments, rows), spacing=30, title=title)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "segment": row["segment"],
        "name": f"{row['segment'] + 1}. {row['name']}",
        "share": row["share"],
        "queries": f"{row['n']:,}",
        "users": f"{row['n_users']:,}",
        "share_text": quantities.percent(row["share"]),
        "feedback": quantities.percent(row["negative_feedback_rate"]),
        "cost": quantities.dollars(row["cost_usd_mean"]),
    }


def _bars(rows: list[dict[str, Any]]) -> "alt.Chart":
    import altair as alt

    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=BLUE, height=12)
        .encode(
            x=alt.X("share:Q", title="share of queries", axis=alt.Axis(format="~%", grid=True)),
            y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=260)),
            tooltip=[alt.Tooltip(f"{name}:N", title=says) for name, says in _TOOLTIP.items()],
        )
        .properties(width=WIDTH - 200, height=len(rows) * _ROW_HEIGHT)
    )


def _map(segments: Segments, rows: list[dict[str, Any]]) -> "alt.LayerChart":
    import altair as alt

    largest = {row["segment"]: row["name"] for row in rows[: len(PALETTE) - 1]}
    base = alt.Chart(alt.Data(values=_points(segments, largest))).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(zero=False)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False)),
    )
    scale = alt.Scale(domain=list(largest.values()), range=list(PALETTE[: len(largest)]))
    color = alt.Color("name:N", scale=scale, legend=alt.Legend(title=None, columns=3))
    rest = base.transform_filter("datum.name === null").mark_circle(
        size=10, opacity=0.3, color=GREY
    )
    named = base.transform_filter("datum.name !== null").mark_circle(size=18, opacity=0.8)
    layers: list[Any] = [rest, named.encode(color=color)]
    return alt.LayerChart(layer=layers).properties(width=WIDTH, height=_MAP_HEIGHT)


def _points(segments: Segments, names: dict[int, str]) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    shown = random.permutation(len(segments.membership))[:_MOST_POINTS]
    return [
        {
            "x": round(float(segments.positions[i, 0]), 3),
            "y": round(float(segments.positions[i, 1]), 3),
            "name": names.get(int(segments.membership[i])),
        }
        for i in sorted(shown.tolist())
    ]
