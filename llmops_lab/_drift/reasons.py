"""Why a metric changed, in sentences made of the parts that sum to its change."""

from collections.abc import Callable
from typing import Any, Protocol

import polars as pl

from llmops_lab import _quantities as quantities

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


def metric_lines(report: Decomposed) -> list[str]:
    """One sentence per metric whose mean over all queries changed, its interval being on one
    side of 0."""
    overall = report.quality.filter(
        pl.col("segment").is_null(), (pl.col("change_low") > 0) | (pl.col("change_high") < 0)
    )
    return [_line(report, row) for row in overall.iter_rows(named=True)]


def _line(report: Decomposed, row: dict[str, Any]) -> str:
    name = row["metric"]
    level, change = _writers(name)
    says = _NAMES.get(name) or name.removesuffix("_rate").replace("_", " ")
    between = f"{change(row['change_low']).removesuffix(' points')} to {change(row['change_high'])}"
    total = f"{says.capitalize()} {level(row['baseline'])} → {level(row['current'])} ({between})"
    return f"{total}: {', '.join(_parts(report, name, row['change'], change))}"


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
}
