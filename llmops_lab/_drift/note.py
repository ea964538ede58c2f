"""A drift report in words, as a colleague would write it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Cell, Table
from llmops_lab._drift.reasons import Decomposed, metric_lines, metric_name, named_metrics
from llmops_lab._scan.language import language_name
from llmops_lab._segments.table import names_line, shortened

Row = Mapping[str, Any]

_VERB = {
    "emerging": "New",
    "vanished": "Gone",
    "grown": "Grown",
    "shrunk": "Shrunk",
    "worse": "Worse",
}
_RATES = ("error_rate", "negative_feedback_rate", "guardrail_rate")
_NEXT = {
    "emerging": "read a dozen, then draft test cases of them: lab.propose_cases(report, {segment})",
    "grown": "check cost and quality here first, it weighs more now: report.rows({segment})",
    "vanished": "check that no route, client or language was lost: report.rows({segment})",
    "shrunk": "check whether people gave up or were sent elsewhere: report.rows({segment})",
    "worse": "make test cases of the failed answers: lab.propose_cases(report, {segment})",
}
_COLUMNS = ("segment", "what", "share of queries", "when", "users", "p")
_MOST_METRICS = 2  # are named in the headline
_BOUNDARY = timedelta(days=1)


class Described(Decomposed, Protocol):
    """What the note needs of a report."""

    @property
    def signals(self) -> pl.DataFrame: ...
    @property
    def windows(self) -> pl.DataFrame: ...
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
    parts += [f"{name.replace('_', ' ')} shifted" for name in flagged]
    metrics = [metric_name(name) for name in named_metrics(report)["metric"]]
    if len(metrics) > _MOST_METRICS:
        parts.append(f"{len(metrics)} metrics changed")
    else:
        parts += [f"{name} changed" for name in metrics]
    return "Drift: " + ", ".join(parts) if parts else "No drift found"


def compared_line(report: Described) -> str:
    """Which windows, how many queries and users."""
    then, now = report.windows.iter_rows(named=True)
    return f"{_window(now)} against {_window(then)}"


def note(report: Described) -> list[str]:
    """The report, line by line."""
    lines = [headline(report), compared_line(report)]
    reported = report.frame.filter(pl.col("kind") != "burst")
    for i, row in enumerate(reported.iter_rows(named=True), start=1):
        lines += ["", f"{i}. {segment_line(row, report.windows)}"]
        lines += [f"   {line}" for line in details(row)]
    for heading, said in (
        ("Over all queries", metric_lines(report)),
        ("Also", beside(report)),
        ("How far to trust this", sureness(report)),
    ):
        lines += ["", f"{heading}:", *(f"   {line}" for line in said)] if said else []
    return lines


def table(report: Described) -> Table:
    """The same as a table, for a notebook."""
    rows = [_cells(row, report.windows) for row in report.frame.iter_rows(named=True)]
    notes = [*metric_lines(report), *beside(report, bursts=False), *sureness(report)]
    columns = _COLUMNS if rows else ()
    return Table(headline(report), compared_line(report), columns, rows, [*notes, *_steps(report)])


def _steps(report: Described) -> list[str]:
    if not report.frame.height:
        return []
    return ["print(report) tells it at length; lab.propose_cases(report, 0) drafts test cases"]


def beside(report: Described, *, bursts: bool = True) -> list[str]:
    """What global tests say, and bursts by few users."""
    lines = [signal_line(row) for row in report.signals.iter_rows(named=True) if _speaks(row)]
    few = report.frame.filter(pl.col("kind") == "burst").iter_rows(named=True) if bursts else ()
    return [*lines, *(burst_line(row) for row in few)]


def segment_line(row: Row, windows: pl.DataFrame) -> str:
    """What changed, by how much, since when."""
    change = _decline(row) if row["kind"] == "worse" else f"{_shares(row)} ({_points(row)} points)"
    when = since_words(row["since"], windows)
    return f"{_VERB[row['kind']]}: {row['name']}: {change}{f', {when}' if when else ''}"


def since_words(since: datetime | None, windows: pl.DataFrame) -> str:
    """When it changed; of a change where the windows meet, with days between them that nobody
    looked at, only that it was then."""
    if since is None:
        return ""
    then, now = windows["end"][0], windows["start"][1]
    if now - then > _BOUNDARY and then - _BOUNDARY <= since <= now + _BOUNDARY:
        same = (then.year, then.month) == (now.year, now.month)
        first = f"{then.day}" if same else _day(then)
        return f"between {first} and {_day(now)}"
    return f"since {_day(since)}"


def _shares(row: Row) -> str:
    then, now = (quantities.percent(row[f"share_{window}"]) for window in ("baseline", "current"))
    return f"{then} → {now} of queries"


def _points(row: Row) -> str:
    low, high = (quantities.points(row[f"share_change_{end}"]) for end in ("low", "high"))
    return f"{low} to {high}"


def _decline(row: Row) -> str:
    name = row["metric"]
    then, now = (quantities.percent(row[f"{name}_{window}"]) for window in ("baseline", "current"))
    return f"{metric_name(name)} {then} → {now}"


def details(row: Row) -> list[str]:
    """For whom, how it is answered, how sure, an example, what to do next."""
    whom = f"for whom: {_whom(row)}"
    lines = [f"{whom}; {_goes_with(row)}" if row.get("goes_with") else whom]
    if answered := _answered(row):
        lines.append(f"answers: {answered}")
    lines.append(f"how sure: {how_sure(row)}")
    if row["exemplars"]:
        lines.append(f"e.g. “{shortened(row['exemplars'][0], 90)}”")
    if row["words_current"]:
        lines.append(f"words it did not have before: {', '.join(row['words_current'])}")
    return [*lines, f"next: {_NEXT[row['kind']].format(segment=row['segment'])}"]


def _whom(row: Row) -> str:
    window, when = ("baseline", "before") if row["kind"] == "vanished" else ("current", "now")
    queries = quantities.counted(row[f"n_{window}"], "query").replace("querys", "queries")
    return f"{queries} by {quantities.counted(row[f'users_{window}'], 'user')} {when}"


def _answered(row: Row) -> str:
    """Rates, cost and time of the segment's answers, in the window that has them."""
    window = "baseline" if row["kind"] == "vanished" else "current"
    told = [
        f"{quantities.percent(row[f'{name}_{window}'])} {metric_name(name)}"
        for name in _RATES
        if row.get(f"{name}_{window}") and name != row.get("metric")
    ]
    for name, write in (("cost_usd", quantities.dollars), ("duration_s", quantities.seconds)):
        if row.get(f"{name}_{window}") is not None:
            told.append(f"{write(row[f'{name}_{window}'])} each")
    return ", ".join(told)


def how_sure(row: Row) -> str:
    """The p-value, corrected for all that was tried, and how well the segment is bounded."""
    solid = row["stability"]
    border = "clear" if solid >= 0.75 else "fuzzy" if solid < 0.5 else "fair"
    p = f"p = {row['p_adjusted']:.3f}, corrected for all segments tried"
    return f"{p}; border {border} ({solid:.2f})"


def _goes_with(row: Row) -> str:
    kind, _, value = row["goes_with"].partition(" ")
    value = language_name(value) if kind == "language" else value
    bounds = f"{row['odds_ratio_low']:.1f} to {row['odds_ratio_high']:.1f}"
    what = "bad answers go" if row["kind"] == "worse" else "goes"
    odds = f"odds × {row['odds_ratio']:.1f}, {bounds}"
    return f"{what} with {kind.replace('_', ' ')} {value} ({odds})"


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
    if row["name"] == "answer_perplexity":
        return f"Perplexity of answers, ratio {size}: models are less sure of them{weight}"
    return f"Perplexity of queries, ratio {size}: they are less expected{weight}"


def burst_line(row: Row) -> str:
    """A segment that a few users made."""
    by = quantities.counted(row["burst_users"], "user")
    return f"Burst, not a trend: {row['name']}: {_shares(row)}, most of the change by {by}"


def sureness(report: Described) -> list[str]:
    """How far to trust the report and how small a change it could have seen."""
    seen = (
        "With this much data a new segment shows from about"
        f" {quantities.percent(report.smallest_new)} of queries, and one of 2 % when it grows to"
        f" about {quantities.percent(report.smallest_growth)}."
    )
    rate = (
        f"Exploratory: of the segments named about {100 * report.alpha:.3g} % may be chance; look"
        " again in new data before you act on one."
        if report.exploratory
        else f"Without any change, at most {100 * report.alpha:.3g} % of such reports name anything"
        " (bursts, and what is only worth a look, aside)."
        " Shares of segments picked for their change read somewhat too high."
    )
    looked = (
        "Looked for: segments that emerge, vanish, grow, shrink or get worse; style; gibberish."
    )
    found = (report.frame["kind"] != "burst").any()
    return [*names_line(report.frame), seen, rate] if found else [looked, seen, rate]


def _window(row: Row) -> str:
    n, users = (quantities.count(row[name]) for name in ("n", "n_users"))
    return f"{n} queries by {users} users{_days(row)}"


def _days(row: Row) -> str:
    start, end = row["start"], row["end"]
    if not start:
        return ""
    same_month = (start.year, start.month) == (end.year, end.month)
    first = f"{start.day}" if same_month else _day(start)
    return f" ({_day(end)})" if start.date() == end.date() else f" ({first} to {_day(end)})"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _cells(row: Row, windows: pl.DataFrame) -> list[str | Cell]:
    burst = row["kind"] == "burst"
    what = Cell("worse", _decline(row)) if row["kind"] == "worse" else row["kind"]
    return [
        Cell(row["name"], shortened((row["exemplars"] or [""])[0], 40)),
        Cell("burst", f"by {quantities.counted(row['burst_users'], 'user')}") if burst else what,
        Cell(_shares(row).removesuffix(" of queries"), f"{_points(row)} points"),
        "" if burst else since_words(row["since"], windows),
        f"{quantities.count(row['users_baseline'])} → {quantities.count(row['users_current'])}",
        quantities.UNKNOWN if burst else f"{row['p_adjusted']:.3f}",
    ]
