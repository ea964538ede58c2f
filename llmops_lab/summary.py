"""What happened in a set of traces: percentiles, rates, tokens and cost per group and time."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final, Literal

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Cell, Shown, Table
from llmops_lab._percentiles import (
    BucketCounts,
    Ordered,
    SortedValues,
    bucket_counts,
    percentiles,
)
from llmops_lab._rates import rate_columns
from llmops_lab._spans.checks import check_names, has_failed, trace_checks
from llmops_lab._spans.feedback import trace_feedback
from llmops_lab._spans.rows import RATES, guardrail_hits, known_sum
from llmops_lab.errors import ColumnError, LabError
from llmops_lab.traces import Traces

Level = Literal["trace", "span"]
Mode = Literal["exact", "histogram"]

MEASURES: Final = ("duration_s", "ttft_s")
TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_tokens")
FAIL_RATE: Final = "_fail_rate"
_EVERY: Final = re.compile(r"[1-9]\d*(s|m|h|d|w|mo|q|y)")
_ROWS_SHOWN: Final = 24


@dataclass(frozen=True, repr=False)
class Summary(Shown):
    """Percentiles, rates, tokens and cost, one row per group and time bucket in `frame`.

    Columns: the keys of `by`; `time`, the bucket's start (UTC), if `every`; `n`, its traces (or
    spans); for each rate (error_rate, guardrail_rate, negative_feedback_rate, within_slo_rate and,
    for each scorer that judged some of the traces, <scorer>_fail_rate)
    the share 0 … 1, its bounds `_low` and `_high`, and `_n`, how many it was observed on; sums
    of input_tokens, output_tokens, cache_read_tokens and cost_usd, `cost_usd_mean` over those
    with a known cost, `n_unpriced` calls without one; for duration_s and ttft_s their `_n` and
    `_p50` … `_p99`, each with `_low` and `_high`. Null means unknown, never 0. `start` and `end`
    are when its first and last trace started, None where no time is known.
    """

    frame: pl.DataFrame
    by: tuple[str, ...] = ()
    every: str | None = None
    level: Level = "trace"
    mode: Mode = "exact"
    slo_s: float | None = None
    start: datetime | None = None
    end: datetime | None = None

    def _table(self) -> Table:
        return _summary_table(self)


def summarize(
    traces: Traces,
    *,
    by: str | Sequence[str] = (),
    every: str | None = None,
    level: Level = "trace",
    mode: Mode = "exact",
    slo_s: float | None = None,
) -> Summary:
    """Percentiles, rates, tokens and cost of traces, by any columns and by time.

    `by`: columns of `Traces.rows` (or of spans where `level="span"`). `every`: the length of
    time buckets, such as "1h", "1d", "1w", in UTC. `slo_s` adds the share that took at most so
    many seconds. Intervals are 95 %: percentiles between two order statistics, rates by Wilson;
    they take rows as independent, so a user who sends many counts as many.
    `mode="histogram"` counts values in log buckets: flat memory, at most 0.5 % off, the same
    on every engine. Raises ColumnError for an unknown column and LabError for an `every` that
    is no length of time.
    """
    keys = (by,) if isinstance(by, str) else tuple(by)
    rows = _with_time(_rows(traces, level, keys), every)
    groups = [*keys, *(["time"] if every else [])]
    # A summary of everything is one group of a constant key, dropped again below.
    rows = rows.with_columns(_all=pl.lit(0, pl.UInt8))
    rates = {**_rates(slo_s), **_check_rates(rows)}
    found = rows.group_by("_all", *groups).agg(*_counts(rates), *_lists(mode)).sort("_all", *groups)
    found = found.with_columns(expr for name in rates for expr in rate_columns(name))
    columns = [
        *groups,
        "n",
        *(f"{name}{part}" for name in rates for part in ("", "_low", "_high", "_n")),
        *(*TOKENS, "cost_usd", "cost_usd_mean", "n_unpriced"),
    ]
    measured = [_measured(rows, found, m, ["_all", *groups], mode) for m in MEASURES]
    frame = pl.concat([found.select(columns), *measured], how="horizontal")
    start, end = rows.select(
        pl.col("start_time").min().alias("start"), pl.col("start_time").max().alias("end")
    ).row(0)
    return Summary(frame, keys, every, level, mode, slo_s, start, end)


def _rows(traces: Traces, level: Level, keys: Sequence[str]) -> pl.DataFrame:
    has_text = bool({"input_text", "output_text"} & {*keys})
    if level == "trace":
        rows = traces.rows if has_text else traces.measures
    else:
        rows = _span_rows(traces)
    if missing := set(keys) - set(rows.columns):
        raise ColumnError(missing, rows.columns)
    if taken := set(keys) & {*MEASURES, *TOKENS, "cost_usd", "n_unpriced"}:
        names = ", ".join(sorted(taken))
        raise LabError(f"a summary cannot group by {names}: it adds these up; cut them into bins")
    return rows


def _span_rows(traces: Traces) -> pl.DataFrame:
    """Spans with the columns that trace rows have; tokens and cost only where they count."""
    ids = ["trace_id", "span_id"]
    leaf = pl.col("usage_role") == "leaf"
    hits = guardrail_hits(traces.guardrails.drop_nulls("span_id"), ids)
    spans = traces.spans.with_columns(
        *(pl.when(leaf).then(column).alias(column) for column in (*TOKENS, "cost_usd")),
        n_unpriced=(leaf & pl.col("cost_usd").is_null()).cast(pl.UInt32),
    )
    spans = spans.join(hits, on=ids, how="left")
    for table in (trace_feedback(traces.scores, ids), trace_checks(traces.scores, ids)):
        spans = spans.join(table, on=ids, how="left")
    return spans


def _with_time(rows: pl.DataFrame, every: str | None) -> pl.DataFrame:
    if every is None:
        return rows
    if not _EVERY.fullmatch(every):
        raise LabError(f"every={every!r} is no length of time; write one like '15m', '1h' or '1d'")
    return rows.with_columns(time=pl.col("start_time").dt.truncate(every))


def _rates(slo_s: float | None) -> dict[str, pl.Expr]:
    """Rates by name: true, false, or null where it was not observed."""
    return RATES if slo_s is None else {**RATES, "within_slo_rate": pl.col("duration_s") <= slo_s}


def _check_rates(rows: pl.DataFrame) -> dict[str, pl.Expr]:
    """The share that failed each check, of those that were judged by it."""
    return {f"{name}{FAIL_RATE}": has_failed(name) for name in check_names(rows)}


def _counts(rates: dict[str, pl.Expr]) -> list[pl.Expr]:
    return [
        pl.len().alias("n"),
        *(hit.sum().alias(f"_{name}_hits") for name, hit in rates.items()),
        *(hit.count().alias(f"{name}_n") for name, hit in rates.items()),
        *(known_sum(column) for column in (*TOKENS, "cost_usd")),
        pl.col("cost_usd").mean().alias("cost_usd_mean"),
        pl.col("n_unpriced").sum(),
    ]


def _lists(mode: Mode) -> list[pl.Expr]:
    """Each group's values sorted once; every percentile and bound is then a look at a rank."""
    if mode == "histogram":
        return []
    return [pl.col(m).drop_nulls().drop_nans().sort().alias(f"_{m}") for m in MEASURES]


def _measured(
    rows: pl.DataFrame, found: pl.DataFrame, measure: str, keys: list[str], mode: Mode
) -> pl.DataFrame:
    """`_n` and percentile columns of one measure, a row per group in the order of `found`."""
    ordered: Ordered
    if mode == "exact":
        ordered = SortedValues.from_lists(found[f"_{measure}"])
    else:
        groups = found.select(keys).with_row_index("group")
        counts = bucket_counts(rows.select(*keys, pl.col(measure).fill_nan(None)), keys, measure)
        numbered = counts.join(groups, on=keys, nulls_equal=True)
        ordered = BucketCounts.from_frame(numbered, found.height)
    values = {f"{measure}_{name}": found for name, found in percentiles(ordered).items()}
    frame = pl.DataFrame(values).with_columns(pl.all().fill_nan(None))
    return frame.insert_column(0, pl.Series(f"{measure}_n", ordered.sizes, pl.UInt32))


def _summary_table(summary: Summary) -> Table:
    frame = summary.frame
    columns = _shown(summary)
    rows = [[write(row) for _, write in columns] for row in frame.head(_ROWS_SHOWN).to_dicts()]
    total = int(frame["n"].sum())
    parts = [
        f"{quantities.count(total)} {summary.level}{'s' * (total != 1)}",
        *filter(None, [quantities.period(summary.start, summary.end)]),
        *(f"by {key}" for key in summary.by),
    ]
    parts += [f"every {summary.every}"] if summary.every else []
    parts += ["percentiles to 0.5 %"] if summary.mode == "histogram" else []
    more = frame.height - _ROWS_SHOWN
    notes = ["Under a percentile or rate: its 95 % interval. –: not known."]
    notes += [f"{more} more rows in .frame"] if more > 0 else []
    unpriced = int(frame["n_unpriced"].sum())
    callouts = [f"{quantities.counted(unpriced, 'call')} without a price, not in the cost"]
    heads = [head for head, _ in columns]
    return Table("Summary", ", ".join(parts), heads, rows, notes, callouts if unpriced else ())


Row = dict[str, Any]
_Column = tuple[str, Callable[[Row], str | Cell]]
_Named = tuple[str, str, Callable[[Row], str | Cell]]


def _shown(summary: Summary) -> list[_Column]:
    """Heads and writers of the columns worth showing: those in which anything is known."""
    keys = [*summary.by, *(["time"] if summary.every else [])]
    columns: list[_Named] = [
        ("n", f"{summary.level}s", lambda row: quantities.count(row["n"])),
        *_rates_shown({"within_slo_rate": f"within {quantities.seconds(summary.slo_s)}"}),
        ("cost_usd", "cost", lambda row: _cost(row, summary.level)),
        *_percentiles_shown("duration_s", "duration", ("p50", "p95", "p99")),
        *_rates_shown(_rate_heads(summary)),
        *_percentiles_shown("ttft_s", "first token", ("p50", "p95")),
        ("input_tokens", "tokens in", _input),
        ("output_tokens", "tokens out", lambda row: quantities.count(row["output_tokens"])),
    ]
    known = {column for column in summary.frame.columns if summary.frame[column].count()}
    shown = [(head, write) for column, head, write in columns if column in known]
    return [*((key, _key_writer(key)) for key in keys), *shown]


def _percentiles_shown(measure: str, head: str, names: Sequence[str]) -> list[_Named]:
    columns = {f"{measure}_{name}": f"{head} {name}" for name in names}
    return [(c, says, _with_interval(c, quantities.seconds)) for c, says in columns.items()]


def _rate_heads(summary: Summary) -> dict[str, str]:
    """Rates by what went wrong, failures first."""
    checks = [name for name in summary.frame.columns if name.endswith(FAIL_RATE)]
    return {
        "error_rate": "errors",
        **{name: f"fail {name.removesuffix(FAIL_RATE)}" for name in checks},
        "guardrail_rate": "guardrail hits",
        "negative_feedback_rate": "negative feedback",
    }


def _rates_shown(heads: dict[str, str]) -> list[_Named]:
    return [(name, head, _with_interval(name, quantities.percent)) for name, head in heads.items()]


def _with_interval(column: str, write: quantities.Writer) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        value, low, high = row[column], row[f"{column}_low"], row[f"{column}_high"]
        # In a group of a few values, the largest of them is the lower bound of a high percentile.
        if value is not None and low is not None and low > value:
            return Cell(f"at least {write(low)}")
        return Cell(write(value), quantities.interval(low, high, write))

    return cell


def _input(row: Row) -> Cell:
    cached = row["cache_read_tokens"]
    return Cell(
        quantities.count(row["input_tokens"]),
        f"{quantities.count(cached)} cached" if cached else "",
    )


def _cost(row: Row, level: Level) -> Cell:
    each = row["cost_usd_mean"]
    detail = f"{quantities.dollars(each)} per {level}" if each is not None else ""
    return Cell(quantities.dollars(row["cost_usd"]), detail)


def _key_writer(key: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        value = row[key]
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d}" if value.time() == time(0) else f"{value:%Y-%m-%d %H:%M}"
        return quantities.UNKNOWN if value is None else str(value)

    return text
