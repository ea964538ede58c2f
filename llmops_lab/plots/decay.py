"""Rates against a pinned baseline, day by day."""

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from llmops_lab.decay import DecayReport, metric_name
from llmops_lab.errors import LabError
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BASELINE, SMALL_HEIGHT, WIDTH, WORSE

if TYPE_CHECKING:
    import altair as alt

_MOST_PANELS: Final = 6


@plots.register("DecayReport")
def plot_decay(report: DecayReport) -> "alt.VConcatChart":
    """A panel per rate that has risen, at most six, surest first: a point a day, its mean of
    seven days as a line, the baseline's rate as a dashed line; without any, the surest one.
    Raises LabError where no rate could be watched.
    """
    import altair as alt

    if not report.frame.height:
        raise LabError("no rate to draw: too few traces to watch one")
    shown = report.frame.filter("flagged").head(_MOST_PANELS)
    shown = shown if shown.height else report.frame.head(1)
    panels = [_panel(report, row) for row in shown.iter_rows(named=True)]
    title = alt.Title(
        "Rates against the pinned baseline",
        subtitle="points: days; line: mean of 7 days; dashed: the baseline's rate",
    )
    return alt.vconcat(*panels, spacing=24, title=title)


def _panel(report: DecayReport, row: dict[str, Any]) -> "alt.FacetChart | alt.LayerChart":
    import altair as alt

    group, metric = row["group"], row["metric"]
    days = report.days.filter(group=group, metric=metric).select(
        pl.col("day").cast(pl.String),
        "n",
        "rate",
        (pl.col("hits").rolling_sum(7) / pl.col("n").rolling_sum(7)).alias("week"),
        pl.when("pinned").then(pl.lit("baseline")).otherwise(pl.lit("since")).alias("window"),
        pl.lit(row["rate_baseline"]).alias("pinned_rate"),
    )
    data = alt.Data(values=days.to_dicts())
    x = alt.X("day:T", title=None)
    rate = alt.Axis(format="~%", title=metric_name(metric))
    colour = alt.Color(
        "window:N",
        scale=alt.Scale(domain=["baseline", "since"], range=[BASELINE, WORSE]),
        title=None,
    )
    tips = [
        alt.Tooltip("day:T", title="day"),
        alt.Tooltip("rate:Q", title="rate", format=".1%"),
        alt.Tooltip("n:Q", title="traces"),
    ]
    base = alt.Chart(data)
    points = base.mark_point(filled=True, opacity=0.6).encode(
        x=x, y=alt.Y("rate:Q", axis=rate), color=colour, tooltip=tips
    )
    line = base.mark_line().encode(x=x, y="week:Q", color=colour)
    pinned = base.mark_line(strokeDash=[4, 3], color=BASELINE).encode(x=x, y="pinned_rate:Q")
    return (pinned + points + line).properties(
        width=WIDTH, height=SMALL_HEIGHT, title=alt.Title(group, anchor="start")
    )
