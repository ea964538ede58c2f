"""Which rates have risen, slowly or at once, since a baseline that stays where it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Cell, Shown, Table
from llmops_lab._drift.pinned import (
    N_FUTURES,
    WEEK,
    Series,
    change_of_week,
    cusum,
    risen,
    since,
    spread_of,
)
from llmops_lab._drift.quality import metrics_of
from llmops_lab._multiplicity import holm
from llmops_lab._scan.units import Bools, Floats, Ints, unit_ids
from llmops_lab.errors import ColumnError, LabError
from llmops_lab.segments import Segments
from llmops_lab.traces import Traces

EVERYTHING = "all queries"
_LEAST_ROWS = 100
_LEAST_DAYS = 3
# A number is watched as the share of traces beyond the baseline's 95th percentile.
_SLOW = 0.95
_NAMES = {
    "error_rate": "failures",
    "negative_feedback_rate": "negative feedback",
    "guardrail_rate": "guardrail hits",
    "cost_usd_high": "expensive queries",
    "duration_s_high": "slow queries",
    "input_tokens_high": "long inputs",
    "output_tokens_high": "long outputs",
}
_HIGH = (
    "Expensive, slow and long mean beyond the baseline's 95th percentile, so about 5 % of it are."
)
_COLUMNS = ("of", "metric", "baseline → last 7 days", "change", "since", "p")


@dataclass(frozen=True, repr=False)
class DecayReport(Shown):
    """What has risen since the pinned baseline.

    `frame`, a row per group and metric, surest first: group, metric, n_baseline, n_current,
    rate_baseline, rate_week, change with change_low and change_high (95 %, last 7 days against
    the baseline), spread, p_cusum, p_week, p_trend, p_value (all three together), p_adjusted
    (Holm), flagged, since. `days`, a row per group, metric and day: day, n, hits, rate, pinned
    (in the baseline), cusum. A metric ending in _high is the share of traces above the
    baseline's 95th percentile.
    """

    frame: pl.DataFrame
    days: pl.DataFrame
    start: date
    pinned_until: date
    end: date
    alpha: float

    @property
    def found(self) -> bool:
        """Whether anything has risen."""
        return bool(self.frame["flagged"].any())

    def _table(self) -> Table:
        flagged = self.frame.filter("flagged")
        rates = "1 rate has" if flagged.height == 1 else f"{flagged.height} rates have"
        pinned = quantities.days(self.start, self.pinned_until)
        since = quantities.days(self.pinned_until + timedelta(days=1), self.end)
        title = f"Slow decay: {rates} risen" if flagged.height else "No rate has risen"
        return Table(
            title if self.frame.height else "Too few traces to watch a rate",
            f"{since}, against the baseline of {pinned}",
            _COLUMNS if flagged.height else (),
            [_cells(row) for row in flagged.iter_rows(named=True)],
            self._notes(),
        )

    def _notes(self) -> list[str]:
        """What was looked at, how often that misleads, and what could not be seen."""
        if not self.frame.height:
            least = f"{_LEAST_ROWS} known values in the baseline and {_LEAST_ROWS // 2} since"
            return [f"A rate is watched from {least}: give more traces or a longer baseline."]
        names = ", ".join(sorted(map(metric_name, self.frame["metric"].unique())))
        looked = (
            f"{quantities.counted(self.frame.height, 'rate')} looked at: {names}. Had nothing"
            f" changed, at most {100 * self.alpha:.3g} % of such reports would name one."
        )
        high = self.frame["metric"].str.ends_with("_high").any()
        return [looked, *([_HIGH] if high else []), *self._hidden()]

    def _hidden(self) -> list[str]:
        """How large a rise the last week could hide, where nothing was found in it."""
        calm = self.frame.filter(pl.col("group") == EVERYTHING, ~pl.col("flagged"))
        room = [
            f"{metric_name(metric)} {quantities.points(high)}"
            for metric, high in calm.select("metric", "change_high").sort("metric").iter_rows()
            if high > 0
        ]
        if not room:
            return []
        return [
            f"A rise in the last 7 days could still be up to (95 %, points): {', '.join(room)}."
        ]


def metric_name(metric: str) -> str:
    """A metric in plain words."""
    if metric in _NAMES:
        return _NAMES[metric]
    plain = metric.removesuffix("_rate").removesuffix("_high").replace("_", " ")
    return f"high {plain}" if metric.endswith("_high") else plain


def _cells(row: dict[str, Any]) -> list[str | Cell]:
    ends = " to ".join(quantities.points(row[f"change_{end}"]) for end in ("low", "high"))
    return [
        row["group"],
        metric_name(row["metric"]),
        f"{quantities.percent(row['rate_baseline'])} → {quantities.percent(row['rate_week'])}",
        Cell(f"{quantities.points(row['change'])} points", ends),
        quantities.day(row["since"]),
        f"{row['p_adjusted']:.3f}",
    ]


def detect_decay(
    traces: Traces | Segments,
    *,
    baseline_days: int = 14,
    by: str | Sequence[str] = (),
    unit: str = "user_id",
    alpha: float = 0.05,
) -> DecayReport:
    """Which rates have risen since the first `baseline_days` days, for all queries and by group.

    Groups are segments when given `Segments`, else values of the columns `by` (model,
    prompt_version …). Failures, bad feedback, guardrail hits and failed checks are rates;
    duration, cost and tokens are watched by the share beyond the baseline's 95th percentile.
    Each is held against the pinned baseline by a CUSUM, the last 7 days and a trend, with units
    (users) of several traces allowed for; `alpha` is the chance that a report without any
    change names one. Raises LabError without times, or with too few days.
    """
    rows = traces.embeddings.frame if isinstance(traces, Segments) else traces.rows
    groups = dict(_groups(traces, rows, (by,) if isinstance(by, str) else tuple(by)))
    timed = rows["start_time"].is_not_null().to_numpy()
    day = _day_numbers(rows, baseline_days)
    units = np.unique(unit_ids(rows, unit), return_inverse=True)[1]
    start: date = rows.select(pl.col("start_time").dt.date().min()).item()
    found: list[tuple[str, str, Series]] = []
    for metric, values in _rates(rows, timed & (day < baseline_days)):
        for group, mask in groups.items():
            kept = mask & timed & ~np.isnan(values)
            series = _series(
                values[kept], units[kept], day[kept], baseline_days, int(day.max()) + 1
            )
            if series is not None:
                found.append((group, metric, series))
    # So many that the smallest p-value there is stays below alpha after Holm.
    n_futures = max(N_FUTURES, round(2 * len(found) / alpha))
    records = [
        {"group": group, "metric": metric, **_record(series, start, n_futures)}
        for group, metric, series in found
    ]
    tables = [_days(group, metric, series, start) for group, metric, series in found]
    frame = _adjusted(pl.DataFrame(records, schema=_SCHEMA), alpha)
    return DecayReport(
        frame,
        pl.concat([pl.DataFrame(schema=_DAYS), *tables]),
        start,
        start + timedelta(days=baseline_days - 1),
        start + timedelta(days=int(day.max())),
        alpha,
    )


_SCHEMA = {
    **dict.fromkeys(("group", "metric"), pl.String),
    **dict.fromkeys(("n_baseline", "n_current"), pl.Int64),
    **dict.fromkeys(("rate_baseline", "rate_week"), pl.Float64),
    **dict.fromkeys(("change", "change_low", "change_high", "spread"), pl.Float64),
    **dict.fromkeys(("p_cusum", "p_week", "p_trend", "p_value"), pl.Float64),
    "since": pl.Date,
}
_DAYS = {
    **dict.fromkeys(("group", "metric"), pl.String),
    "day": pl.Date,
    **dict.fromkeys(("n", "hits"), pl.Int64),
    "rate": pl.Float64,
    "pinned": pl.Boolean,
    "cusum": pl.Float64,
}


def _groups(
    traces: Traces | Segments, rows: pl.DataFrame, by: tuple[str, ...]
) -> Iterator[tuple[str, Bools]]:
    yield EVERYTHING, np.ones(rows.height, dtype=np.bool_)
    if isinstance(traces, Segments):
        for number, name in traces.frame.select("segment", "name").iter_rows():
            yield name, traces.membership == number
    for column in by:
        if column not in rows.columns:
            raise ColumnError([column], rows.columns)
        for value in rows[column].drop_nulls().unique().sort():
            same = (rows[column] == value).fill_null(value=False)
            yield f"{column} {value}", same.to_numpy()


def _day_numbers(rows: pl.DataFrame, baseline_days: int) -> Ints:
    """Days since the first trace; 0 where a trace has no time."""
    if not rows.height or rows["start_time"].is_null().all():
        raise LabError("no trace has a start time; decay is a matter of days")
    start = rows["start_time"].dt.date()
    day = (start - start.min()).dt.total_days().fill_null(0).to_numpy().astype(np.int64)
    least = baseline_days + _LEAST_DAYS
    if baseline_days < 1 or day.max() + 1 < least:
        span = quantities.counted(int(day.max()) + 1, "day")
        raise LabError(
            f"the traces span {span}; a baseline of {baseline_days} needs at least"
            f" {least}: give a longer window or a smaller baseline_days"
        )
    return day


def _rates(rows: pl.DataFrame, pinned: Bools) -> Iterator[tuple[str, Floats]]:
    """Name and value (0 or 1, NaN unknown) per row of everything that can rise."""
    metrics = metrics_of(rows)
    table = rows.select(m.value.alias(m.name) for m in metrics)
    for metric in metrics:
        values = table[metric.name].fill_null(float("nan")).to_numpy()
        if metric.worse:
            yield metric.name, values
        elif (pinned & ~np.isnan(values)).any():
            limit = np.nanquantile(values[pinned], _SLOW)
            yield f"{metric.name}_high", np.where(np.isnan(values), np.nan, values > limit)


def _series(
    values: Floats, unit: Ints, day: Ints, baseline_days: int, n_days: int
) -> Series | None:
    """The daily counts of one rate in one group; None where too little is known."""
    pinned = day < baseline_days
    if pinned.sum() < _LEAST_ROWS or (~pinned).sum() < _LEAST_ROWS // 2:
        return None
    hits = np.bincount(day, values, n_days).astype(np.int64)
    spread = spread_of(values[pinned], unit[pinned], day[pinned])
    return Series(hits, np.bincount(day, minlength=n_days), baseline_days, spread)


def _record(series: Series, start: date, n_futures: int) -> dict[str, Any]:
    found = risen(series, n_futures=n_futures)
    change, low, high = change_of_week(series)
    hits, n = series.later
    then, n_then = series.pinned
    return {
        "n_baseline": int(n_then),
        "n_current": int(n.sum()),
        "rate_baseline": then / n_then,
        "rate_week": hits[-WEEK:].sum() / max(1.0, n[-WEEK:].sum()),
        "change": change,
        "change_low": low,
        "change_high": high,
        "spread": series.spread,
        "p_cusum": found.p_cusum,
        "p_week": found.p_week,
        "p_trend": found.p_trend,
        "p_value": found.p_value,
        "since": start + timedelta(days=since(series)),
    }


def _days(group: str, metric: str, series: Series, start: date) -> pl.DataFrame:
    n_days = len(series.n)
    rate = np.where(series.n > 0, series.hits / np.maximum(series.n, 1), np.nan)
    level = np.concatenate([np.zeros(series.n_pinned), cusum(series, series.later[0])])
    columns = {
        "group": [group] * n_days,
        "metric": [metric] * n_days,
        "day": [start + timedelta(days=i) for i in range(n_days)],
        "n": series.n,
        "hits": series.hits,
        "rate": rate,
        "pinned": np.arange(n_days) < series.n_pinned,
        "cusum": level,
    }
    return pl.DataFrame(columns, schema=_DAYS, nan_to_null=True)


def _adjusted(frame: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Surest first, with Holm's adjusted p-values and what they flag."""
    ordered = frame.sort("p_value", "group", "metric")
    adjusted = pl.Series(holm(ordered["p_value"].to_list()), dtype=pl.Float64)
    return ordered.with_columns(p_adjusted=adjusted, flagged=adjusted <= alpha)
