"""What people ask for as a picture: how much of it, how well answered, and where it lies."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from llmops_lab import _quantities as quantities
from llmops_lab.errors import LabError
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import GREY, PALETTE, WIDTH
from llmops_lab.segments import Segments

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT: Final = 20
_MOST_ROWS: Final = 30
_MOST_POINTS: Final = 3000
_MAP_HEIGHT: Final = 380
_REST: Final = "others"
_RATES: Final = {
    "negative_feedback_rate": "negative feedback",
    "error_rate": "failures",
    "guardrail_rate": "guardrail hits",
}
_TOOLTIP: Final = {
    "name": "segment",
    "group": "group",
    "queries": "queries",
    "users": "users",
    "share_text": "share of queries",
    "rate_text": "rate",
    "cost": "cost, mean",
    "time": "time, median",
}


@plots.register("Segments")
def plot_segments(segments: Segments) -> "alt.VConcatChart":
    """Share of queries per segment, how many of its answers failed, and a map of all queries.

    The rate is negative feedback, else failures, else guardrail hits: the first that is known,
    with its 95 % interval over users. Colours are the six largest groups of segments. At most 30
    segments and a sample of 3,000 queries; no query's text is in the chart.
    Raises LabError when there is no segment.
    """
    import altair as alt

    told = segments.frame.to_dicts()
    if not told:
        raise LabError("no segment to draw: too few queries, or too scattered")
    rate = next((r for r in _RATES if any(row.get(r) is not None for row in told)), None)
    largest = _largest_groups(told)
    rows = [_row(row, rate, largest) for row in told[:_MOST_ROWS]]
    color = _color([*largest, _REST] if any(r["group"] == _REST for r in rows) else largest)
    panels = [_bars(rows, color), *([_rates(rows, color, _RATES[rate])] if rate else [])]
    chart = alt.hconcat(*panels, spacing=20)
    parts = [chart, _map(segments, told, largest, color)] if len(segments.membership) else [chart]
    return alt.vconcat(*parts, spacing=30, title=_title(segments))


def _title(segments: Segments) -> "alt.Title":
    import altair as alt

    n = len(segments.membership)
    if not n:
        return alt.Title(f"{len(segments)} segments, found earlier")
    outside = quantities.percent(float((segments.membership < 0).mean()))
    says = "are new to all of them" if segments.assigned else "belong to none"
    return alt.Title(
        f"{len(segments)} segments of {n:,} queries",
        subtitle=f"{outside} of the queries {says}",
    )


def _largest_groups(told: list[dict[str, Any]]) -> list[str]:
    """The groups that get a colour of their own."""
    shares: Counter[str] = Counter()
    for row in told:
        shares[_group(row)] += row["share"]
    return [name for name, _ in shares.most_common(len(PALETTE) - 1)]


def _group(row: dict[str, Any]) -> str:
    return str(row.get("group_name") or row["name"])


def _row(row: dict[str, Any], rate: str | None, largest: list[str]) -> dict[str, Any]:
    group = _group(row)
    value = row.get(rate) if rate else None
    low, high = (row.get(f"{rate}_{end}") for end in ("low", "high"))
    bounds = quantities.interval(low, high, quantities.percent)
    return {
        "name": f"{row['segment'] + 1}. {row['name']}",
        "group": group if group in largest else _REST,
        "share": row["share"],
        "rate": value,
        "low": low,
        "high": high,
        "queries": quantities.count(row["n"]),
        "users": quantities.count(row["n_users"]),
        "share_text": quantities.percent(row["share"]),
        "rate_text": f"{quantities.percent(value)} ({bounds})" if bounds else quantities.UNKNOWN,
        "cost": quantities.dollars(row.get("cost_usd_mean")),
        "time": quantities.seconds(row.get("duration_s_p50")),
    }


def _color(names: list[str]) -> "alt.Color":
    import altair as alt

    colors = [*PALETTE[: len(names) - (_REST in names)], *([GREY] if _REST in names else [])]
    key = alt.Legend(title=None, columns=3, labelLimit=280, symbolType="circle", symbolOpacity=1)
    return alt.Color("group:N", scale=alt.Scale(domain=names, range=colors), legend=key)


def _base(rows: list[dict[str, Any]], color: "alt.Color", *, names: bool) -> "alt.Chart":
    import altair as alt

    axis = alt.Axis(grid=False, labelLimit=300, labels=names)
    # Named, for a layer that shows only some rows would put these first.
    order = alt.Scale(domain=[row["name"] for row in rows])
    tooltip = [alt.Tooltip(f"{name}:N", title=says) for name, says in _TOOLTIP.items()]
    return (
        alt.Chart(alt.Data(values=rows))
        .encode(
            y=alt.Y("name:N", title=None, sort=None, axis=axis, scale=order),
            color=color,
            tooltip=tooltip,
        )
        .properties(height=len(rows) * _ROW_HEIGHT)
    )


def _bars(rows: list[dict[str, Any]], color: "alt.Color") -> "alt.Chart":
    import altair as alt

    axis = alt.Axis(format="~%", grid=True, tickCount=5)
    x = alt.X("share:Q", title="share of queries", axis=axis)
    bars = _base(rows, color, names=True).mark_bar(height=11)
    return bars.encode(x=x).properties(width=WIDTH - 340)


def _rates(rows: list[dict[str, Any]], color: "alt.Color", says: str) -> "alt.LayerChart":
    import altair as alt

    base = _base(rows, color, names=False).transform_filter("isValid(datum.rate)")
    scale = alt.Scale(domainMin=0, domainMax=_end(rows), clamp=True)
    axis = alt.Axis(format="~%", grid=True, tickCount=4)
    low = alt.X("low:Q", title=says, scale=scale, axis=axis)
    layers: list[Any] = [
        base.mark_rule(strokeWidth=3, opacity=0.4).encode(x=low, x2="high:Q"),
        base.mark_point(size=55, opacity=1).encode(x=alt.X("rate:Q", scale=scale)),
    ]
    return alt.LayerChart(layer=layers).properties(width=200)


def _end(rows: list[dict[str, Any]]) -> float:
    """Where the axis ends: a segment of a few answers must not squeeze the others."""
    highs = sorted(row["high"] or row["rate"] for row in rows if row["rate"] is not None)
    return min(1.0, 1.1 * float(np.quantile(highs, 0.9))) or 1.0


def _map(
    segments: Segments, told: list[dict[str, Any]], largest: list[str], color: "alt.Color"
) -> "alt.LayerChart":
    import altair as alt

    groups = {row["segment"]: _group(row) for row in told}
    base = alt.Chart(alt.Data(values=_points(segments, groups, largest))).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(zero=False)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False)),
    )
    rest = base.transform_filter("datum.group === null").mark_circle(
        size=9, opacity=0.35, color=GREY
    )
    named = base.transform_filter("datum.group !== null").mark_circle(size=18, opacity=0.8)
    layers: list[Any] = [rest, named.encode(color=color)]
    return alt.LayerChart(layer=layers).properties(width=WIDTH - 120, height=_MAP_HEIGHT)


def _points(segments: Segments, groups: dict[int, str], largest: list[str]) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    shown = random.permutation(len(segments.membership))[:_MOST_POINTS]
    return [
        {
            "x": round(float(segments.positions[i, 0]), 3),
            "y": round(float(segments.positions[i, 1]), 3),
            "group": group if group in largest else None,
        }
        for i in sorted(shown.tolist())
        for group in (groups.get(int(segments.membership[i])),)
    ]
