"""A drift report in words, as a colleague would write it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from llmops_lab._drift.reasons import metric_lines
from llmops_lab.segments import shortened

Row = Mapping[str, Any]

_VERB = {
    "emerging": "New",
    "vanished": "Gone",
    "grown": "Grown",
    "shrunk": "Shrunk",
    "worse": "Worse",
}
_METRIC = {
    "error_rate": "failures",
    "negative_feedback_rate": "negative feedback",
    "guardrail_rate": "guardrail hits",
}
_NEXT = {
    "emerging": "read a dozen of these queries; add golden cases for them if answers matter",
    "grown": "check cost and answer quality here first: it now weighs more",
    "vanished": "check that a route, a client or a language was not lost",
    "shrunk": "check whether people gave up or were sent elsewhere",
    "worse": "read failed answers of this segment and add them to the golden set",
}


class Described(Protocol):
    """What the note needs of a report."""

    @property
    def frame(self) -> pl.DataFrame: ...
    @property
    def signals(self) -> pl.DataFrame: ...
    @property
    def windows(self) -> pl.DataFrame: ...
    @property
    def quality(self) -> pl.DataFrame: ...
    @property
    def decomposition(self) -> pl.DataFrame: ...
    @property
    def alpha(self) -> float: ...
    @property
    def exploratory(self) -> bool: ...
    @property
    def smallest_new(self) -> float: ...
    @property
    def smallest_growth(self) -> float: ...


def headline(report: Described) -> str:
    """What changed, in one line."""
    kinds = report.frame.filter(pl.col("kind") != "burst")["kind"].to_list()
    parts = [f"{kinds.count(k)} {k}" for k in _VERB if k in kinds]
    flagged = report.signals.filter("flagged")["name"].to_list()
    parts += [f"{name} shifted" for name in flagged]
    return "Drift: " + ", ".join(parts) if parts else "No drift found"


def compared_line(report: Described) -> str:
    """Which windows, how many queries and users."""
    then, now = report.windows.iter_rows(named=True)
    return f"{_window(now)} against {_window(then)}"


def note(report: Described) -> list[str]:
    """The report, line by line."""
    lines = [headline(report), compared_line(report), ""]
    reported = report.frame.filter(pl.col("kind") != "burst")
    for i, row in enumerate(reported.iter_rows(named=True), start=1):
        lines += [f"{i}. {segment_line(row)}", *(f"   {line}" for line in details(row))]
    lines += metric_lines(report)
    lines += [signal_line(row) for row in report.signals.iter_rows(named=True) if _speaks(row)]
    lines += [burst_line(row) for row in bursts_of(report)]
    return [*lines, *sureness(report)]


def bursts_of(report: Described) -> list[dict[str, Any]]:
    """The rows of kind burst."""
    return list(report.frame.filter(pl.col("kind") == "burst").iter_rows(named=True))


def segment_line(row: Row) -> str:
    """What changed, by how much, since when."""
    if row["kind"] == "worse":
        change = _decline(row)
    else:
        low, high = row["share_change_low"] * 100, row["share_change_high"] * 100
        change = (
            f"{row['share_baseline']:.1%} → {row['share_current']:.1%} of queries"
            f" ({low:+.1f} to {high:+.1f} points)"
        )
    when = f", since {_day(row['since'])}" if row["since"] else ""
    return f"{_VERB[row['kind']]}: {row['name']}: {change}{when}"


def _decline(row: Row) -> str:
    name = row["metric"]
    says = _METRIC.get(name) or f"failing {name.removesuffix('_fail_rate')}"
    return f"{says} {row[name + '_baseline']:.1%} → {row[name + '_current']:.1%}"


def details(row: Row) -> list[str]:
    """For whom, how sure, an example, what to do next."""
    lines = [f"{_whom(row)}; {_sure(row)}"]
    if row.get("goes_with"):
        lines.append(_goes_with(row))
    if row["exemplars"]:
        lines.append(f"e.g. “{shortened(row['exemplars'][0], 90)}”")
    if row["words_current"]:
        lines.append(f"new words in it: {', '.join(row['words_current'])}")
    return [*lines, f"next: {_NEXT[row['kind']]}"]


def _whom(row: Row) -> str:
    if row["kind"] == "vanished":
        return f"{row['n_baseline']:,} queries by {row['users_baseline']:,} users before"
    return f"{row['n_current']:,} queries by {row['users_current']:,} users now"


def _sure(row: Row) -> str:
    solid = row["stability"]
    border = "clear" if solid >= 0.75 else "fuzzy" if solid < 0.5 else "fair"
    p = f"p = {row['p_adjusted']:.3f} for all segments tried"
    return f"{p}; border {border} ({solid:.2f})"


def _goes_with(row: Row) -> str:
    kind, _, value = row["goes_with"].partition(" ")
    odds = f"odds {row['odds_ratio']:.1f} ({row['odds_ratio_low']:.1f} to"
    what = "a bad answer" if row["kind"] == "worse" else "such a query"
    return (
        f"{what} goes with {kind.replace('_', ' ')} {value}: {odds} {row['odds_ratio_high']:.1f})"
    )


def _speaks(row: Row) -> bool:
    return bool(row["flagged"] or row["warned"])


def signal_line(row: Row) -> str:
    """What a global test says."""
    words = f" (words: {', '.join(row['words'])})" if row["words"] else ""
    if row["name"] == "style":
        text = f"Style, not topic: wording tells the windows apart, AUC {row['statistic']:.2f}"
        return f"{text}, p = {row['p_value']:.3f}{words}"
    size = f"{row['statistic']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    weight = "" if row["flagged"] else "; slight, worth a look"
    return f"{row['name'].capitalize()} ratio {size}: current texts are less expected{weight}"


def burst_line(row: Row) -> str:
    """A segment that a few users made."""
    users = row["burst_users"]
    by = "1 user" if users == 1 else f"{users} users"
    return (
        f"Burst, not a trend: {row['name']}: {row['share_baseline']:.1%} →"
        f" {row['share_current']:.1%} of queries, most of the change by {by}"
    )


def sureness(report: Described) -> list[str]:
    """How far to trust the report and how small a change it could have seen."""
    seen = (
        f"With this much data a new segment shows from about {report.smallest_new:.1%} of queries,"
        f" and one of 2 % when it grows to about {report.smallest_growth:.1%}."
    )
    rate = (
        f"Exploratory: of the segments named about {report.alpha:.0%} may be chance; look again"
        " in new data before you act on one."
        if report.exploratory
        else f"Without any change, at most {report.alpha:.0%} of such reports name anything."
        " Shares of segments picked for their change read somewhat too high."
    )
    looked = (
        "Looked for: segments that emerge, vanish, grow, shrink or get worse; style; gibberish."
    )
    return ["", seen, rate] if report.frame.height else ["", looked, seen, rate]


def _window(row: Row) -> str:
    days = f", {_day(row['start'])} to {_day(row['end'])}" if row["start"] else ""
    return f"{row['n']:,} queries by {row['n_users']:,} users{days}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def table_rows(report: Described) -> Sequence[Sequence[str]]:
    """The reported segments as cells, for HTML."""
    return [
        [
            row["name"],
            f"worse: {_decline(row)}" if row["kind"] == "worse" else row["kind"],
            f"{row['share_baseline']:.1%} → {row['share_current']:.1%}",
            f"{row['share_change_low'] * 100:+.1f} to {row['share_change_high'] * 100:+.1f}",
            f"{row['users_current']:,}",
            "–" if row["kind"] == "burst" else f"{row['p_adjusted']:.3f}",
            shortened((row["exemplars"] or [""])[0]),
        ]
        for row in report.frame.iter_rows(named=True)
    ]
