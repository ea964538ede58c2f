"""A Summary as small panels: one per percentile, rate or cost, over time or by group."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab.errors import LabError
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import (
    BAND_OPACITY,
    BLUE,
    PALETTE,
    SMALL_HEIGHT,
    SMALL_WIDTH,
    WIDTH,
)
from llmops_lab.summary import FAIL_RATE, Summary

if TYPE_CHECKING:
    import altair as alt

Show = Literal["duration", "first token", "rates", "cost"]

_MOST_GROUPS: Final = len(PALETTE)
_MOST_ROWS: Final = 2000
_ROW_HEIGHT: Final = 22
_NARROW_WIDTH: Final = 240  # three fit beside JupyterLab's file browser
_SECONDS: Final = (
    "datum.value === 0 ? '0' : abs(datum.value) < 1 ? format(datum.value * 1000, '~r') + ' ms'"
    " : format(datum.value, ',~r') + ' s'"
)


@dataclass(frozen=True)
class Panel:
    """One quantity of a summary: its column, a heading, how its values and axis are written."""

    column: str
    title: str
    write: quantities.Writer
    axis: dict[str, Any]
    from_zero: bool = True


def _percentile(measure: str, head: str, name: str) -> Panel:
    axis = {"labelExpr": _SECONDS}
    return Panel(f"{measure}_{name}", f"{head} {name}", quantities.seconds, axis, from_zero=False)


def _rate(column: str, title: str) -> Panel:
    return Panel(column, title, quantities.percent, {"format": "~%"})


PANELS: Final[dict[str, tuple[Panel, ...]]] = {
    "duration": tuple(_percentile("duration_s", "Duration", p) for p in ("p50", "p95", "p99")),
    "first token": tuple(_percentile("ttft_s", "First token", p) for p in ("p50", "p95", "p99")),
    "rates": (
        _rate("error_rate", "Errors"),
        _rate("guardrail_rate", "Guardrail hits"),
        _rate("negative_feedback_rate", "Negative feedback"),
        _rate("within_slo_rate", "Within the objective"),
    ),
    "cost": (
        Panel("cost_usd_mean", "Cost per {level}", quantities.dollars, {"format": "$~r"}),
        Panel("n", "Number of {level}s", quantities.count, {"format": ",~r"}),
    ),
}


@plots.register("Summary")
def plot_summary(
    summary: Summary, *, show: Show | Sequence[Show] = ("duration", "rates", "cost")
) -> "alt.ConcatChart":
    """Percentiles, rates and cost with their 95 % intervals: lines over time, else dots by group.

    `show` picks among "duration", "first token", "rates" and "cost". Of more than seven groups
    the seven with most traces are drawn. Raises LabError where nothing of `show` is known, and
    where there are more points than can be seen.
    """
    import altair as alt

    frame, n_groups = _drawn(summary)
    wanted = [show] if isinstance(show, str) else list(show)
    if unknown := set(wanted) - PANELS.keys():
        names = ", ".join(sorted(map(repr, unknown)))
        raise LabError(f"plot of a summary cannot show {names}; it shows: {', '.join(PANELS)}")
    known = {column for column in frame.columns if frame[column].count()}
    there = [panel for name in wanted for panel in (*PANELS[name], *_checks(name, frame))]
    panels = [panel for panel in there if panel.column in known]
    if not panels:
        raise LabError(f"nothing is known of {' and '.join(wanted)} in this summary")
    panels = [replace(panel, title=panel.title.format(level=summary.level)) for panel in panels]
    # Over time all plots line up, percentiles, rates and costs in a row each; names of groups
    # need the room that they need.
    columns = 1 if len(panels) <= 3 else 3 if summary.every else 2
    width = {1: WIDTH, 2: SMALL_WIDTH, 3: _NARROW_WIDTH}[columns]
    draw = _over_time if summary.every else _by_group
    charts = [draw(_data(frame, panel), panel, width) for panel in panels]
    title = _title(summary, n_groups)
    layout = {"bounds": "flush", "spacing": 58} if summary.every else {"spacing": 20}
    chart = alt.concat(*charts, columns=columns, title=title, **layout)
    return chart.resolve_scale(color="shared", fill="shared")


def _checks(show: str, frame: pl.DataFrame) -> list[Panel]:
    """Among the rates: what share of answers failed each scorer."""
    names = [name for name in frame.columns if show == "rates" and name.endswith(FAIL_RATE)]
    return [_rate(name, f"Failed {name.removesuffix(FAIL_RATE)}") for name in names]


def _drawn(summary: Summary) -> tuple[pl.DataFrame, int]:
    """The rows to draw with the name of their `group`, and how many groups there are."""
    names = [pl.col(key).cast(pl.String).fill_null(f"no {key}") for key in summary.by]
    group = pl.concat_str(names, separator=" · ") if names else pl.lit("all")
    frame = summary.frame.with_columns(group=group)
    sizes = (
        frame.group_by("group").agg(pl.col("n").sum()).sort("n", "group", descending=[True, False])
    )
    biggest = sizes["group"].head(_MOST_GROUPS)
    order = pl.DataFrame({"group": biggest}).with_row_index("_order")
    frame = frame.join(order, on="group").sort("_order", maintain_order=True)
    if "time" in frame.columns:
        frame = _with_gaps(frame, str(summary.every))
    if frame.height > _MOST_ROWS:
        many = f"{frame.height:,} points are too many to see"
        raise LabError(f"{many}; summarize with a longer every or fewer groups")
    return frame, sizes.height


def _with_gaps(frame: pl.DataFrame, every: str) -> pl.DataFrame:
    """A row, empty but for its count of 0, where a group has no traces: its line breaks there."""
    known = frame.drop_nulls("time")
    if known.is_empty():
        return known
    span = known.select(pl.datetime_range(pl.min("time"), pl.max("time"), every).alias("time"))
    grid = frame.select("group", "_order").unique().join(span, how="cross")
    full = grid.join(known.drop("_order"), on=["group", "time"], how="left")
    return full.with_columns(pl.col("n").fill_null(0)).sort("_order", "time")


def _data(frame: pl.DataFrame, panel: Panel) -> list[dict[str, Any]]:
    """The values of one panel; every text of its tooltip ready."""
    times = frame["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ") if "time" in frame.columns else None
    rows: list[dict[str, Any]] = []
    for position, row in enumerate(frame.iter_rows(named=True)):
        low, high = row.get(f"{panel.column}_low"), row.get(f"{panel.column}_high")
        point = {
            "group": row["group"],
            "value": row[panel.column],
            "low": low,
            "high": high,
            "text": panel.write(row[panel.column]),
            "interval": quantities.interval(low, high, panel.write) or quantities.UNKNOWN,
            "bounded": high is not None or f"{panel.column}_high" not in row,
            "count": quantities.count(row["n"]),
        }
        rows.append(point if times is None else {"time": times[position], **point})
    return rows


def _over_time(rows: list[dict[str, Any]], panel: Panel, width: int) -> "alt.LayerChart":
    """A line per group with its interval as a band; a dot is hollow where a bound is missing."""
    import altair as alt

    axis = alt.Axis(tickCount=5, **_dates(rows))
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("time:T", title=None, scale=alt.Scale(type="utc"), axis=axis)
    )
    y = alt.Y(
        "value:Q",
        title=None,
        axis=alt.Axis(tickCount=4, labelFlush=True, **panel.axis),
        scale=alt.Scale(zero=panel.from_zero, domainMax=_top(rows) or alt.Undefined),
    )
    color, fill = _colors(rows, legend=True)
    solid = alt.condition("datum.bounded", alt.value(1), alt.value(0))
    band = base.mark_area(opacity=BAND_OPACITY, clip=True).encode(
        y=alt.Y("low:Q"), y2="high:Q", color=color
    )
    line = base.mark_line().encode(y=y, color=color)
    dots = base.mark_point(size=22, filled=False, opacity=1).encode(
        y=y, color=color, fill=fill, fillOpacity=solid, tooltip=_tooltip(panel, timed=True)
    )
    return _panel(alt.LayerChart(layer=[band, line, dots]), panel, width, SMALL_HEIGHT)


def _by_group(rows: list[dict[str, Any]], panel: Panel, width: int) -> "alt.LayerChart":
    """A dot per group with its interval as a bar."""
    import altair as alt

    color, _ = _colors(rows, legend=False)
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y("group:N", title=None, sort=None, axis=alt.Axis(grid=False)), color=color
    )
    axis = alt.Axis(tickCount=5, grid=True, **panel.axis)
    scale = alt.Scale(zero=panel.from_zero, padding=10)
    x = alt.X("value:Q", title=None, axis=axis, scale=scale)
    bar = base.mark_rule(strokeWidth=3, opacity=0.45).encode(x=alt.X("low:Q"), x2="high:Q")
    dot = base.mark_point(size=70, opacity=1).encode(x=x, tooltip=_tooltip(panel, timed=False))
    return _panel(alt.LayerChart(layer=[bar, dot]), panel, width, max(1, len(rows)) * _ROW_HEIGHT)


def _panel(chart: "alt.LayerChart", panel: Panel, width: int, height: int) -> "alt.LayerChart":
    import altair as alt

    title = alt.Title(panel.title, fontSize=12, offset=6, frame="group")
    return chart.properties(width=width, height=height, title=title, description=panel.title)


def _dates(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Days as `3 Oct` where every bucket starts at midnight, else Vega's own choice."""
    whole = all(row["time"] is None or "T00:00:00" in row["time"] for row in rows)
    return {"format": "%-d %b"} if whole else {}


def _top(rows: list[dict[str, Any]]) -> float | None:
    """Where to cut bands that would press every line to the bottom of its panel."""
    values = max((row["value"] for row in rows if row["value"] is not None), default=0.0)
    bounds = max((row["high"] for row in rows if row["high"] is not None), default=0.0)
    return 1.5 * values if bounds > 3 * values > 0 else None


def _colors(rows: list[dict[str, Any]], *, legend: bool) -> tuple[Any, Any]:
    """Stroke and fill of a group; one group alone needs no legend."""
    import altair as alt

    groups = list(dict.fromkeys(row["group"] for row in rows))
    if len(groups) < 2:
        return alt.value(BLUE), alt.value(BLUE)
    key = alt.Legend(title=None, symbolOpacity=1, symbolType="stroke") if legend else None
    scale = alt.Scale(domain=groups, range=list(PALETTE))
    color = alt.Color("group:N", scale=scale, legend=key)
    return color, alt.Fill("group:N", scale=scale, legend=None)


def _tooltip(panel: Panel, *, timed: bool) -> "list[alt.Tooltip]":
    import altair as alt

    when = (
        [alt.Tooltip("utcyearmonthdatehoursminutes(time):T", title="from (UTC)")] if timed else []
    )
    return [
        *when,
        alt.Tooltip("group:N"),
        alt.Tooltip("text:N", title=panel.title.lower()),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("count:N", title="count"),
    ]


def _title(summary: Summary, n_groups: int) -> "alt.Title":
    import altair as alt

    total = quantities.count(int(summary.frame["n"].sum()))
    by = f" by {' and '.join(summary.by)}" if summary.by else ""
    every = f", every {summary.every} (UTC)" if summary.every else ""
    marks = "bands, cut where they leave the panel; hollow: too few for one" if every else "bars"
    drawn = f"the {_MOST_GROUPS} biggest of {n_groups} groups; " if n_groups > _MOST_GROUPS else ""
    return alt.Title(
        f"{total} {summary.level}s{by}{every}", subtitle=f"{drawn}95 % intervals: {marks}"
    )
