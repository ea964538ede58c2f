"""A drift report in words, as a colleague would write it."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Cell, Table
from llmops_lab._drift.reasons import metric_lines, metric_name, metric_table, named_metrics
from llmops_lab._drift.trust import (
    FUZZY,
    Described,
    by_units,
    is_slight,
    reported,
    sureness,
    too_few,
    units_words,
)
from llmops_lab._scan.language import language_name
from llmops_lab._segments.table import shortened

Row = Mapping[str, Any]

KIND_WORDS = {
    "emerging": "new",
    "vanished": "gone",
    "grown": "grown",
    "shrunk": "shrunk",
    "worse": "worse",
    "burst": "burst",
}
_RATES = ("error_rate", "negative_feedback_rate", "guardrail_rate")
_NEXT = {
    "emerging": "read a dozen, then draft test cases of them: lab.propose_cases(report, {segment})",
    "grown": "check cost and quality here first, it weighs more now: report.rows({segment})",
    "vanished": "check that no route, client or language was lost: report.rows({segment})",
    "shrunk": "check whether people gave up or were sent elsewhere: report.rows({segment})",
    "worse": "make test cases of the failed answers: lab.propose_cases(report, {segment})",
}
_COLUMNS = ("segment", "what", "share of queries", "since", "", "p")
_MOST_METRICS = 2  # are named in the headline
_MOST_MAKERS = 4  # are named in the line on bursts
_LONGEST_BURST = 40
_LONGEST_ID = 24


def headline(report: Described) -> str:
    """What changed, in one line."""
    kinds = reported(report)["kind"].to_list()
    parts = [f"{kinds.count(k)} {said}" for k, said in KIND_WORDS.items() if k in kinds]
    flagged = report.signals.filter("flagged")["name"].to_list()
    parts += [f"{name.replace('_', ' ')} shifted" for name in flagged]
    metrics = [metric_name(name) for name in named_metrics(report)["metric"]]
    if len(metrics) > _MOST_METRICS:
        parts.append(f"{len(metrics)} metrics changed")
    else:
        parts += [f"{name} changed" for name in metrics]
    if parts:
        return "Drift: " + ", ".join(parts)
    return "Too few users to find drift" if too_few(report) else "No drift found"


def compared_line(report: Described) -> str:
    """Which windows, how many queries and users."""
    then, now = report.windows.iter_rows(named=True)
    return f"{_window(now, report.units)} against {_window(then, report.units)}"


def note(report: Described) -> list[str]:
    """The report, line by line."""
    lines = [headline(report), compared_line(report)]
    for i, row in enumerate(reported(report).iter_rows(named=True), start=1):
        lines += ["", f"{i}. {segment_line(row)}"]
        lines += [f"   {line}" for line in details(row, report.units)]
    metrics = metric_table(report, why=False)
    measured = metrics.text().splitlines()[1:] if metrics else []
    for heading, said in (
        ("Over all queries", [*measured, *metric_lines(report)]),
        ("Also", beside(report)),
        ("How far to trust this", sureness(report)),
    ):
        lines += ["", f"{heading}:", *(f"   {line}" for line in said)] if said else []
    return lines


def table(report: Described) -> Table:
    """The same as a table, for a notebook."""
    rows = [_cells(row) for row in reported(report).iter_rows(named=True)]
    names = [name or units_words(report.units) for name in _COLUMNS]
    # Where no segment has a date, its column would only be empty.
    kept = [i for i, name in enumerate(names) if name != "since" or any(r[i] for r in rows)]
    metrics = metric_table(report, why=True)
    flagged = [signal_line(row) for row in report.signals.filter("flagged").iter_rows(named=True)]
    return Table(
        headline(report),
        compared_line(report),
        [names[i] for i in kept] if rows else [],
        [[row[i] for i in kept] for row in rows],
        notes=[
            *(line for line in beside(report) if line not in flagged),
            *sureness(report),
            *_steps(report),
        ],
        callouts=flagged,
        below=[metrics] if metrics else [],
    )


def _steps(report: Described) -> list[str]:
    first = reported(report).head(1)["segment"].to_list()
    drafts = [f"lab.propose_cases(report, {segment}) drafts test cases" for segment in first]
    return ["; ".join(["print(report) tells it at length", *drafts])] if first else []


def beside(report: Described) -> list[str]:
    """What global tests say, and bursts by few users."""
    lines = [signal_line(row) for row in report.signals.iter_rows(named=True) if _speaks(row)]
    few = report.frame.filter(pl.col("kind") == "burst")
    return [*lines, burst_line(few, report.units)] if few.height else lines


def segment_line(row: Row) -> str:
    """What changed, by how much, since when."""
    change = _decline(row) if row["kind"] == "worse" else f"{_shares(row)} ({_points(row)} points)"
    when = f", since {quantities.day(row['since'])}" if row["since"] else ""
    return f"{KIND_WORDS[row['kind']].capitalize()}: {row['name']}: {change}{when}"


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


def details(row: Row, units: tuple[str, ...]) -> list[str]:
    """For whom, how it is answered, how sure, an example, what to do next."""
    whom = f"for whom: {_whom(row, units)}"
    lines = [f"{whom}; {_goes_with(row)}" if row.get("goes_with") else whom]
    if answered := _answered(row):
        lines.append(f"answers: {answered}")
    lines.append(f"how sure: {how_sure(row)}")
    if row["exemplars"]:
        lines.append(f"e.g. “{shortened(row['exemplars'][0], 90)}”")
    if row["words_current"]:
        lines.append(f"said more than before: {', '.join(row['words_current'])}")
    return [*lines, f"next: {_NEXT[row['kind']].format(segment=row['segment'])}"]


def _whom(row: Row, units: tuple[str, ...]) -> str:
    window, when = ("baseline", "then") if row["kind"] == "vanished" else ("current", "now")
    whom = by_units(row[f"users_{window}"], units)
    return " ".join(part for part in (_queries(row[f"n_{window}"]), whom, when) if part)


def _queries(n: int) -> str:
    return f"{quantities.count(n)} {'query' if n == 1 else 'queries'}"


def _answered(row: Row) -> str:
    """Rates, cost and time of the segment's answers, then and now where both windows have some."""
    windows = {"vanished": ("baseline",), "emerging": ("current",)}
    there = windows.get(row["kind"], ("baseline", "current"))

    def told(name: str, write: quantities.Writer) -> str:
        values = [row.get(f"{name}_{window}") for window in there]
        return " → ".join(dict.fromkeys(write(value) for value in values if value is not None))

    rates = [
        f"{told(name, quantities.percent)} {metric_name(name)}"
        for name in _RATES
        if any(row.get(f"{name}_{window}") for window in there) and name != row.get("metric")
    ]
    numbers = (told("cost_usd", quantities.dollars), told("duration_s", quantities.seconds))
    return ", ".join([*rates, *(f"{number} each" for number in numbers if number)])


def how_sure(row: Row) -> str:
    """The p-value, and how well the segment is bounded."""
    return f"p = {row['p_adjusted']:.3f}; border {_border(row)} ({row['stability']:.2f})"


def _border(row: Row) -> str:
    solid = row["stability"]
    return "clear" if solid >= 0.75 else "fuzzy" if solid < FUZZY else "fair"


def _goes_with(row: Row) -> str:
    kind, _, value = row["goes_with"].partition(" ")
    value = language_name(value) if kind == "language" else value
    bounds = f"{_odds(row['odds_ratio_low'])} to {_odds(row['odds_ratio_high'])}"
    what = "bad answers above all" if row["kind"] == "worse" else "above all"
    where = "in" if kind == "language" else f"with {kind.replace('_', ' ')}"
    return f"{what} {where} {value} (odds × {_odds(row['odds_ratio'])}, {bounds})"


def _odds(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def _speaks(row: Row) -> bool:
    return bool(row["flagged"] or row["warned"])


def signal_line(row: Row) -> str:
    """What a global test says."""
    if row["name"] == "style":
        words = f"; more than before: {', '.join(row['words'])}" if row["words"] else ""
        auc = f"AUC {row['statistic']:.2f}, 0.5 is chance, p = {row['p_value']:.3f}"
        return f"Style, not topic: queries are worded otherwise ({auc}){words}"
    size = f"perplexity ratio {row['statistic']:.2f}, {row['low']:.2f} to {row['high']:.2f}"
    weight = "; slight, and not covered by the error rate" if is_slight(row) else ""
    if row["name"] == "answer_perplexity":
        return f"Models are less sure of their answers ({size}{weight})"
    return f"Queries read less like those then ({size}{weight})"


def burst_line(bursts: pl.DataFrame, units: tuple[str, ...]) -> str:
    """How many segments a few users made, and who; `report.bursts` has the rest."""
    made: dict[str, list[str]] = {}
    for row in bursts.iter_rows(named=True):
        made.setdefault(makers(row), []).append(shortened(row["name"], _LONGEST_BURST))
    told = [f"{who} ({', '.join(names)})" for who, names in made.items()][:_MOST_MAKERS]
    rest = "; …" if len(made) > len(told) else ""
    what = quantities.counted(bursts.height, "burst")
    return f"{what} by few {units_words(units)}, no trend: {'; '.join(told)}{rest} (report.bursts)"


def makers(row: Row) -> str:
    """The users who made a burst by id, else how many they are."""
    ids = [shortened(name, _LONGEST_ID) for name in row.get("burst_by") or ()]
    return ", ".join(ids) or quantities.counted(row["burst_users"], "user")


def _window(row: Row, units: tuple[str, ...]) -> str:
    whom = by_units(row["n_users"], units)
    about = [part for part in (row.get("only"), quantities.days(row["start"], row["end"])) if part]
    aside = f"({', '.join(about)})" if about else ""
    return " ".join(part for part in (_queries(row["n"]), whom, aside) if part)


def _cells(row: Row) -> list[str | Cell]:
    what = Cell("worse", _decline(row)) if row["kind"] == "worse" else KIND_WORDS[row["kind"]]
    return [
        Cell(row["name"], shortened((row["exemplars"] or [""])[0], 40)),
        what,
        Cell(_shares(row).removesuffix(" of queries"), f"{_points(row)} points"),
        quantities.day(row["since"]) if row["since"] else "",
        f"{quantities.count(row['users_baseline'])} → {quantities.count(row['users_current'])}",
        Cell(f"{row['p_adjusted']:.3f}", f"border {_border(row)}"),
    ]
