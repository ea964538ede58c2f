"""How metrics changed over all queries, and why: the parts that sum to the change."""

import re
from collections.abc import Callable
from typing import Any, Protocol

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Cell, Table
from llmops_lab._drift.spending import ON_METRICS

# Parts smaller than this share of the change are told together.
_TOLD = 0.1
_MOST_PARTS = 3
_COLUMNS = ("metric", "then", "now", "difference (95 % interval)", "verdict")
_NAMES = {
    "error_rate": "failures",
    "negative_feedback_rate": "negative feedback",
    "guardrail_rate": "guardrail hits",
    "cost_usd": "cost per query",
    "duration_s": "mean duration",
    "input_tokens": "input tokens per query",
    "output_tokens": "output tokens per query",
}


class Decomposed(Protocol):
    """What the sentences need of a report."""

    @property
    def frame(self) -> pl.DataFrame: ...
    @property
    def quality(self) -> pl.DataFrame: ...
    @property
    def decomposition(self) -> pl.DataFrame: ...
    @property
    def alpha(self) -> float: ...


def named_metrics(report: Decomposed) -> pl.DataFrame:
    """The rows of `quality` whose mean over all queries changed, at their part of alpha."""
    surely = pl.col("p_adjusted") <= report.alpha * ON_METRICS
    return report.quality.filter(pl.col("segment").is_null(), surely)


def metric_table(report: Decomposed, *, why: bool) -> Table | None:
    """Every metric over all queries, then and now, those that changed first; None without any.

    `why` adds a column that says where a change comes from.
    """
    changed = named_metrics(report)["metric"].to_list()
    everywhere = report.quality.filter(pl.col("segment").is_null()).to_dicts()
    found = sorted(everywhere, key=lambda row: row["metric"] not in changed)
    columns, rows = [*_COLUMNS], [_cells(row, row["metric"] in changed) for row in found]
    if why and changed and report.frame.height:
        columns.append("where it comes from")
        for row, cells in zip(found, rows, strict=True):
            cells.append(_why(report, row) if row["metric"] in changed else "")
    return Table("Over all queries", "", columns, rows) if rows else None


def metric_lines(report: Decomposed) -> list[str]:
    """Where the change of each metric comes from that changed; none where nothing is named."""
    if not report.frame.height:
        return []
    return [
        f"{_capital(metric_name(row['metric']))}: {_why(report, row)}"
        for row in named_metrics(report).iter_rows(named=True)
    ]


def _cells(row: dict[str, Any], changed: bool) -> list[str | Cell]:
    level, change = _writers(row["metric"])
    low, high = (change(row[f"change_{end}"]) for end in ("low", "high"))
    return [
        metric_name(row["metric"]),
        level(row["baseline"]),
        level(row["current"]),
        Cell(change(row["change"]), f"{low} to {high}".replace(" points", "")),
        _verdict(row, changed),
    ]


def _verdict(row: dict[str, Any], changed: bool) -> str | Cell:
    """In a word: worse or better where that can be said, else higher or lower."""
    up = row["change"] > 0
    if not changed:
        apart = row["change_low"] > 0 or row["change_high"] < 0
        return "not sure" if apart else "no change seen"
    if not row["metric"].endswith("_rate"):
        return "higher" if up else "lower"
    return Cell("worse", sign="bad") if up else Cell("better", sign="good")


def metric_name(metric: str) -> str:
    """The metric in words."""
    if metric in _NAMES:
        return _NAMES[metric]
    scorer = metric.removesuffix("_fail_rate")
    return (f"failing {scorer}" if scorer != metric else metric).replace("_", " ")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _why(report: Decomposed, changed: dict[str, Any]) -> str:
    """The parts of a change: those of segments of which much comes, and the rest."""
    metric, total = changed["metric"], changed["change"]
    _, change = _writers(metric)
    names = dict(report.frame.select("segment", "name").iter_rows())
    told: list[tuple[float, str]] = []
    for row in report.decomposition.filter(pl.col("metric") == metric).iter_rows(named=True):
        if row["segment"] is None:
            continue
        about = names[row["segment"]]
        grew = "more" if row["share_current"] > row["share_baseline"] else "fewer"
        told.append((row["mix"], f"from {grew} queries on {about}"))
        told.append((row["rate"], f"from answers on {about}"))
    large = [part for part in told if abs(part[0]) >= _TOLD * abs(total)]
    large = sorted(large, key=lambda part: -abs(part[0]))[:_MOST_PARTS]
    rest = total - sum(part for part, _ in large)
    said = [f"{change(part)} {why}" for part, why in large]
    rest_said = f"{change(rest)} everywhere else" if large else "spread over all queries"
    return ", ".join([*said, rest_said])


def _writers(metric: str) -> tuple[Callable[[float], str], Callable[[float], str]]:
    """How to write the metric, and a change of it."""
    if metric.endswith("_rate"):
        return quantities.percent, lambda x: f"{_signless(quantities.points(x))} points"
    write = _LEVELS.get(metric, _plain)

    def signed(change: float) -> str:
        return _signless(f"{'+' if change > 0 else '−'}{write(abs(change))}")

    return write, signed


def _signless(written: str) -> str:
    """Without the sign where nothing but zeros is left of a number."""
    return written if re.search("[1-9]", written) else written.lstrip("+−")


def _plain(value: quantities.Number) -> str:
    return quantities.UNKNOWN if value is None else f"{value:,.3g}"


_LEVELS: dict[str, quantities.Writer] = {
    "cost_usd": quantities.dollars,
    "duration_s": quantities.seconds,
    "input_tokens": quantities.count,
    "output_tokens": quantities.count,
}
