"""Traces as bars over time: how many there were, of which model."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab.errors import LabError
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import GREY, HEIGHT, PALETTE, WIDTH
from llmops_lab.traces import Traces

if TYPE_CHECKING:
    import altair as alt

_MOST_MODELS: Final = len(PALETTE) - 1
_OTHERS: Final = "others"
_MOST_BARS: Final = 120
_STEPS: Final = {
    "1m": timedelta(minutes=1),
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
}


@plots.register("Traces")
def plot_traces(traces: Traces) -> "alt.Chart":
    """How many traces started when (UTC), by model. Raises LabError where no time is known."""
    import altair as alt

    timed = traces.rows.drop_nulls("start_time")
    if timed.is_empty():
        raise LabError("these traces have no start times to draw; summarize(traces) needs none")
    every = _step(timed["start_time"])
    names = _names(timed)
    bars = _bars(timed, names, every)
    scale = alt.Scale(domain=names, range=[*PALETTE[:_MOST_MODELS], GREY])
    legend = alt.Legend(title=None, symbolType="square") if len(names) > 1 else None
    title = f"{quantities.counted(len(timed), 'trace')}, one bar per {every} (UTC)"
    return (
        alt.Chart(alt.Data(values=bars.to_dicts()), title=title)
        .mark_bar(cornerRadius=0)
        .encode(
            x=alt.X("start:T", title=None, scale=alt.Scale(type="utc")),
            x2="stop:T",
            y=alt.Y("high:Q", title=None, axis=alt.Axis(format=",~r", tickCount=5)),
            y2="low:Q",
            color=alt.Color("model:N", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip("utcyearmonthdatehoursminutes(start):T", title="from (UTC)"),
                alt.Tooltip("model:N"),
                alt.Tooltip("n:Q", title="traces", format=","),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )


def _step(times: pl.Series) -> str:
    """The shortest step that gives no more bars than can be told apart."""
    first, last = times.min(), times.max()
    if isinstance(first, datetime) and isinstance(last, datetime):
        for name, step in _STEPS.items():
            if (last - first) / step < _MOST_BARS:
                return name
    return "1mo"


def _names(timed: pl.DataFrame) -> list[str]:
    """The models drawn in a colour of their own, most frequent first, then the others."""
    counts = timed["model"].fill_null(quantities.UNKNOWN).value_counts()
    ranked = counts.sort("count", "model", descending=[True, False])["model"].to_list()
    return [*ranked[:_MOST_MODELS], *([_OTHERS] if len(ranked) > _MOST_MODELS else [])]


def _bars(timed: pl.DataFrame, names: list[str], every: str) -> pl.DataFrame:
    """A row per bar and model, stacked in the order of `names` from `low` to `high`."""
    model = pl.col("model").fill_null(quantities.UNKNOWN)
    drawn = pl.when(model.is_in(names)).then(model).otherwise(pl.lit(_OTHERS))
    start = pl.col("start_time").dt.truncate(every)
    order = pl.col("model").replace_strict({name: i for i, name in enumerate(names)})
    clock = "%Y-%m-%dT%H:%M:%SZ"
    return (
        timed.group_by(start.alias("start"), drawn.alias("model"))
        .agg(n=pl.len().cast(pl.Int64))
        .sort("start", order)
        .with_columns(high=pl.col("n").cum_sum().over("start"))
        .with_columns(low=pl.col("high") - pl.col("n"), stop=pl.col("start").dt.offset_by(every))
        .with_columns(pl.col("start", "stop").dt.strftime(clock))
    )
