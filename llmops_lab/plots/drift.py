"""What changed as a picture: shares and answers then and now, how sure that is, and where."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._drift.note import KIND_WORDS, compared_line, headline
from llmops_lab._drift.reasons import metric_name
from llmops_lab._drift.trust import reported, units_words
from llmops_lab.drift import DriftReport
from llmops_lab.plots._registry import plots
from llmops_lab.plots._share_against_answers import share_against_answers
from llmops_lab.plots._theme import BASELINE, BLUE, BROWN, ORANGE, SKY, SMALL_WIDTH, WORSE

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT: Final = 28
_MOST_POINTS: Final = 1500
_MAP_HEIGHT: Final = 300
_SHARES_WIDTH: Final = 240
_CHANGES_WIDTH: Final = 190
_QUALITY_WIDTH: Final = 150
_COLORS: Final = {
    "new": ORANGE,
    "grown": BROWN,
    "gone": BLUE,
    "shrunk": SKY,
    "worse": WORSE,
}
_TOOLTIP: Final = {
    "name": "segment",
    "kind": "kind",
    "shares": "share of queries",
    "interval": "change, points",
    "quality": "answers",
    "users": "users",
    "example": "for example",
}


@plots.register("DriftReport")
def plot_drift(report: DriftReport) -> "alt.VConcatChart":
    """Each segment's share and answers then and now, what it adds up to, and the map.

    Answers are told by the rate that got worse, else the one that changed most: negative
    feedback, failures, guardrail hits or a check. Change of share against change of that rate
    shows what grew and got worse, with 95 % intervals over users both ways. The map has baseline
    and current apart and colours the segments; it takes a sample of at most 1,500 queries a
    window and carries no text. Bursts by few users are left out; without any segment the map
    stands alone.
    """
    import altair as alt

    metric = _metric(report)
    told = reported(report).iter_rows(named=True)
    rows = [_row(row, report.quality, metric) for row in told]
    color = _color(rows)
    parts: list[Any] = []
    if rows:
        panels = [_shares(rows, color), _changes(rows, color)]
        panels += [_quality(rows, color, metric_name(metric))] if metric else []
        parts.append(alt.hconcat(*panels, spacing=24))
    if metric and any(row["worse"] is not None for row in rows):
        parts.append(share_against_answers(rows, color, metric_name(metric)))
    title = alt.Title(headline(report), subtitle=_subtitle(report, rows))
    return alt.vconcat(*parts, _map(report, rows, color), spacing=32, title=title)


def _subtitle(report: DriftReport, rows: list[dict[str, Any]]) -> list[str]:
    units = "" if report.units == ("query",) else f" over {units_words(report.units)}"
    how = f"hollow: then, filled: now; bars: 95 % intervals{units}"
    return [compared_line(report), *([how] if rows else [])]


def _metric(report: DriftReport) -> str | None:
    """The rate that the report says got worse, else the one that changed most somewhere."""
    frame = reported(report)
    worse = frame["metric"].drop_nulls() if "metric" in frame.columns else pl.Series([])
    if len(worse):
        return str(worse[0])
    names = [c.removesuffix("_baseline") for c in frame.columns if c.endswith("_rate_baseline")]
    known = [name for name in names if frame[f"{name}_current"].count()]
    return max(known, key=lambda name: _largest_change(frame, name), default=None)


def _largest_change(frame: pl.DataFrame, name: str) -> float:
    changes = (frame[f"{name}_current"] - frame[f"{name}_baseline"]).drop_nulls()
    return max((abs(float(change)) for change in changes), default=0.0)


def _row(row: dict[str, Any], quality: pl.DataFrame, metric: str | None) -> dict[str, Any]:
    answered = [row.get(f"{metric}_{window}") for window in ("baseline", "current")]
    ends = [quantities.points(row[f"share_change_{end}"]) for end in ("low", "high")]
    shares = [quantities.percent(row[f"share_{window}"]) for window in ("baseline", "current")]
    return {
        "segment": row["segment"],
        "name": f"{row['segment'] + 1}. {row['name']}",
        "kind": KIND_WORDS[row["kind"]],
        "baseline": row["share_baseline"],
        "current": row["share_current"],
        "change": row["share_change"],
        "low": row["share_change_low"],
        "high": row["share_change_high"],
        "shares": " → ".join(shares),
        "answered_then": answered[0],
        "answered_now": answered[1],
        "quality": " → ".join(quantities.percent(value) for value in answered),
        "interval": " to ".join(ends),
        **_worse(quality.filter(segment=row["segment"], metric=metric or "")),
        "users": f"{row['users_baseline']} → {row['users_current']}",
        "example": _example(row["exemplars"]),
    }


def _worse(quality: pl.DataFrame) -> dict[str, Any]:
    """How the answers of a segment changed, if they were many enough."""
    names = ("change", "change_low", "change_high", "against")
    told = next(quality.select(names).iter_rows(), (None,) * len(names))
    return dict(zip(("worse", "worse_low", "worse_high", "against"), told, strict=True))


def _example(exemplars: list[str] | None) -> str:
    """The first example on one short line."""
    first = " ".join((exemplars or [""])[0].split())
    return first if len(first) <= 80 else f"{first[:79]}…"


def _color(rows: list[dict[str, Any]]) -> "alt.Color":
    import altair as alt

    there = [kind for kind in _COLORS if any(row["kind"] == kind for row in rows)]
    scale = alt.Scale(domain=there, range=[_COLORS[kind] for kind in there])
    key = alt.Legend(title=None, symbolType="circle", symbolOpacity=1)
    return alt.Color("kind:N", scale=scale, legend=key)


def _base(rows: list[dict[str, Any]], color: "alt.Color", *, names: bool) -> "alt.Chart":
    import altair as alt

    # Room for a mark at zero beside the name.
    axis = alt.Axis(grid=False, labelLimit=300, labels=names, labelPadding=12)
    # Named, for a layer that shows only some rows would put these first.
    order = alt.Scale(domain=[row["name"] for row in rows])
    return (
        alt.Chart(alt.Data(values=rows))
        .encode(
            y=alt.Y("name:N", title=None, sort=None, axis=axis, scale=order),
            color=color,
            tooltip=[alt.Tooltip(f"{name}:N", title=says) for name, says in _TOOLTIP.items()],
        )
        .properties(height=len(rows) * _ROW_HEIGHT)
    )


def _shares(rows: list[dict[str, Any]], color: "alt.Color") -> "alt.LayerChart":
    import altair as alt

    base = _base(rows, color, names=True).properties(width=_SHARES_WIDTH)
    axis = alt.Axis(format="~%", grid=True, tickCount=5)
    then = alt.X("baseline:Q", title="share of queries", axis=axis, scale=alt.Scale(zero=True))
    layers: list[Any] = [
        base.mark_rule(strokeWidth=2, opacity=0.5).encode(x=then, x2="current:Q"),
        base.mark_point(size=60, filled=False, opacity=1).encode(x=then),
        base.mark_point(size=80, opacity=1).encode(x="current:Q"),
    ]
    return alt.LayerChart(layer=layers)


def _changes(rows: list[dict[str, Any]], color: "alt.Color") -> "alt.LayerChart":
    import altair as alt

    base = _base(rows, color, names=False).properties(width=_CHANGES_WIDTH)
    says = "datum.value ? format(datum.value * 100, '+~r') : '0'"
    axis = alt.Axis(labelExpr=says, grid=True, tickCount=4)
    change = alt.X("change:Q", title="change, points", axis=axis)
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(opacity=0.8, strokeDash=[4, 4])
    layers: list[Any] = [
        zero.encode(x="zero:Q"),
        base.mark_rule(strokeWidth=3, opacity=0.45).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(size=70, opacity=1).encode(x=change),
    ]
    return alt.LayerChart(layer=layers)


def _quality(rows: list[dict[str, Any]], color: "alt.Color", says: str) -> "alt.LayerChart":
    """The rate then and now; only one dot where a window has no known answer."""
    import altair as alt

    base = _base(rows, color, names=False).properties(width=_QUALITY_WIDTH)
    axis = alt.Axis(format="~%", grid=True, tickCount=3)
    scale = alt.Scale(zero=True)
    then = alt.X("answered_then:Q", title=f"{says} in it", axis=axis, scale=scale)
    now = alt.X("answered_now:Q", title=f"{says} in it", axis=axis, scale=scale)
    both = base.transform_filter("isValid(datum.answered_then) && isValid(datum.answered_now)")
    layers: list[Any] = [
        both.mark_rule(strokeWidth=2, opacity=0.5).encode(x=then, x2="answered_now:Q"),
        base.mark_point(size=60, filled=False, opacity=1).encode(x=then),
        base.mark_point(size=80, opacity=1).encode(x=now),
    ]
    return alt.LayerChart(layer=layers)


def _map(report: DriftReport, rows: list[dict[str, Any]], color: "alt.Color") -> "alt.HConcatChart":
    import altair as alt

    points = _points(report, rows)
    windows = [
        _window(points, window, color).properties(title=alt.Title(title, fontSize=12))
        for window, title in (("baseline", "Queries then"), ("current", "Queries now"))
    ]
    return alt.hconcat(*windows, spacing=24)


def _points(report: DriftReport, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds = {row["segment"]: row["kind"] for row in rows}
    random = np.random.default_rng(0)
    points: list[dict[str, Any]] = []
    for window, mask in (("baseline", ~report.is_current), ("current", report.is_current)):
        there = np.flatnonzero(mask)
        shown = random.permutation(there)[:_MOST_POINTS]
        for i in sorted(shown.tolist()):
            x, y = report.positions[i].tolist()
            kind = kinds.get(int(report.membership[i]))
            points.append({"window": window, "x": round(x, 3), "y": round(y, 3), "kind": kind})
    return points


def _window(points: list[dict[str, Any]], window: str, color: "alt.Color") -> "alt.LayerChart":
    import altair as alt

    low_x, high_x = _ends(points, "x")
    low_y, high_y = _ends(points, "y")
    base = (
        alt.Chart(alt.Data(values=[point for point in points if point["window"] == window]))
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[low_x, high_x])),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[low_y, high_y])),
        )
        .properties(width=SMALL_WIDTH, height=_MAP_HEIGHT)
    )
    rest = base.transform_filter("datum.kind === null").mark_circle(
        size=10, opacity=0.35, color=BASELINE
    )
    found = base.transform_filter("datum.kind !== null").mark_circle(size=28, opacity=0.85)
    layers: list[Any] = [rest, found.encode(color=color)]
    return alt.LayerChart(layer=layers)


def _ends(points: list[dict[str, Any]], axis: str) -> tuple[float, float]:
    values = [point[axis] for point in points]
    room = 0.03 * (max(values) - min(values)) or 0.1
    return min(values) - room, max(values) + room
