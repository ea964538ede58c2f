"""Why a metric changed, in sentences made of the parts that sum to its change."""

from collections.abc import Callable
from typing import Any, Protocol

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._drift.spending import ON_METRICS

# Parts smaller than this share of the change are told together.
_TOLD = 0.1
_MOST_PARTS = 3
_NAMES = {
    "error_rate": "failures",
    "negative_feedback_rate": "negative feedback",
    "guardrail_rate": "guardrail hits",
    "cost_usd": "cost of a query",
    "duration_s": "mean duration",
    "input_tokens": "input tokens of a query",
    "output_tokens": "output tokens of a query",
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


def metric_lines(report: Decomposed) -> list[str]:
    """One sentence per metric whose mean over all queries changed."""
    return [_line(report, row) for row in named_metrics(report).iter_rows(named=True)]


def metric_name(metric: str) -> str:
    """The metric in words."""
    if metric in _NAMES:
        return _NAMES[metric]
    scorer = metric.removesuffix("_fail_rate")
    return (f"failing {scorer}" if scorer != metric else metric).replace("_", " ")


def _line(report: Decomposed, row: dict[str, Any]) -> str:
    name = row["metric"]
    level, change = _writers(name)
    between = f"{change(row['change_low']).removesuffix(' points')} to {change(row['change_high'])}"
    total = f"{metric_name(name)} {level(row['baseline'])} → {level(row['current'])} ({between})"
    return f"{_capital(total)}: {', '.join(_parts(report, name, row['change'], change))}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _parts(
    report: Decomposed, metric: str, total: float, change: Callable[[float], str]
) -> list[str]:
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
    return [*said, f"{change(rest)} everywhere else" if large else "spread over all queries"]


def _writers(metric: str) -> tuple[Callable[[float], str], Callable[[float], str]]:
    """How to write the metric, and a change of it."""
    if metric.endswith("_rate"):
        return quantities.percent, lambda x: f"{quantities.points(x)} points"
    write = _LEVELS.get(metric, _plain)

    def signed(change: float) -> str:
        return f"{'+' if change > 0 else '−' if change < 0 else ''}{write(abs(change))}"

    return write, signed


def _plain(value: quantities.Number) -> str:
    return quantities.UNKNOWN if value is None else f"{value:,.4g}"


_LEVELS: dict[str, quantities.Writer] = {
    "cost_usd": quantities.dollars,
    "duration_s": quantities.seconds,
    "input_tokens": quantities.count,
    "output_tokens": quantities.count,
}
