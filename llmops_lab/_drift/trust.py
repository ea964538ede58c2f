"""How far to trust a drift report: what it could have seen, and how often it is wrong."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._drift.reasons import Decomposed
from llmops_lab._segments.table import names_line

# Of fewer, whole users moved between windows make too few patterns to be told from chance.
_FEWEST_USERS = 8
FUZZY = 0.5  # A segment of less stability has no border to speak of.
_COARSE = 0.1  # A smallest change of this size is news to the reader.
_APART = timedelta(days=1)


class Described(Decomposed, Protocol):
    """What the note needs of a report."""

    @property
    def signals(self) -> pl.DataFrame: ...
    @property
    def windows(self) -> pl.DataFrame: ...
    @property
    def units(self) -> tuple[str, ...]: ...
    @property
    def exploratory(self) -> bool: ...
    @property
    def smallest_new(self) -> float | None: ...
    @property
    def smallest_growth(self) -> float | None: ...


def reported(report: Described) -> pl.DataFrame:
    """The segments without bursts, which are no trend."""
    return report.frame.filter(pl.col("kind") != "burst")


def by_units(n: int, units: tuple[str, ...]) -> str:
    """`by 12 users`, `by 12 users or conversations`; empty where each query is a unit."""
    if units in ((), ("query",)):
        return ""
    if len(units) == 1:
        return f"by {quantities.counted(n, units[0])}"
    return f"by {quantities.count(n)} {units_words(units)}"


def units_words(units: tuple[str, ...]) -> str:
    """`users`, `users or conversations`."""
    return " or ".join(f"{'queries' if unit == 'query' else f'{unit}s'}" for unit in units)


def too_few(report: Described) -> bool:
    """Whether moving whole users between the windows can tell anything."""
    return int(report.windows["n_users"].min() or 0) < _FEWEST_USERS  # type: ignore[arg-type]


def sureness(report: Described) -> list[str]:
    """How far to trust the report and how small a change it could have seen."""
    found = reported(report).height > 0
    seen = [_dated(report), _fuzzy(report), _seen(report), _error_rate(report)]
    if found:
        return [*names_line(report.frame), *(line for line in seen if line)]
    return [_looked_for(report), *(line for line in seen[2:] if line)]


def _looked_for(report: Described) -> str:
    """What was tested: metrics only where something is known of them."""
    known = report.quality.filter(pl.col("segment").is_null())["metric"].to_list()
    answers = ["topics that came, went, grew or shrank", "a change of style", "unusual wording"]
    if any(name.endswith("_rate") for name in known):
        answers.insert(1, "topics with worse answers")
    over_all = "; over all queries the metrics above" if known else ""
    return f"Looked for: {', '.join(answers)}{over_all}."


def _dated(report: Described) -> str:
    """What to do where days between the windows keep a change from being dated."""
    end, start = report.windows["end"][0], report.windows["start"][1]
    undated = reported(report)["since"].null_count()
    if not undated or end is None or start is None or start - end <= _APART:
        return ""
    which = "These changes" if undated == reported(report).height else "What has no date"
    return (
        f"{which} came before {quantities.day(start)}, or too slowly to be dated; windows without"
        " days between them would tell when."
    )


def _seen(report: Described) -> str:
    if too_few(report):
        n = int(report.windows["n_users"].min() or 0)  # type: ignore[arg-type]
        few = by_units(n, report.units).removeprefix("by ")
        return (
            f"Only {few} in a window: what one of them does says little of others, so shares and"
            ' answers are hardly tested. unit="trace_id" takes each query for itself.'
        )
    new, growth = report.smallest_new, report.smallest_growth
    if new is None:
        return "With this much data no change of a share can be seen: take longer windows."
    grows = "hardly at any size" if growth is None else f"once it has grown to {_rounded(growth)}"
    says = (
        f"In windows of this size a new topic is found, 4 times in 5, once it is {_rounded(new)} of"
        f" queries, and one of 2 % {grows}."
    )
    return f"{says} That is coarse: take longer windows." if new > _COARSE else says


def _rounded(share: float) -> str:
    """`1.3 %`, `25 %`: these are estimates."""
    return f"{100 * share:.0f} %" if share >= 0.1 else quantities.percent(share)


def _error_rate(report: Described) -> str:
    """How often such a report names what is not there."""
    named = reported(report).height > 0
    if report.exploratory:
        return (
            f"Exploratory: of the segments named about {_alpha(report)} may be chance; look again"
            " in new data before you act on one."
            if named
            else f"Exploratory: of segments that are named so about {_alpha(report)} are chance."
        )
    slight = [row["name"] for row in report.signals.iter_rows(named=True) if is_slight(row)]
    beside = ["bursts"] if (report.frame["kind"] == "burst").any() else []
    beside += ["a slight perplexity"] if slight else []
    aside = f" ({' and '.join(beside)} aside)" if beside else ""
    says = (
        f"Had nothing changed, at most {_alpha(report)} of such reports would name anything{aside}."
    )
    if not named:
        return says
    return (
        f"{says} p-values allow for all that was tried. Segments are picked because their share"
        " moved, so their change reads somewhat too large."
    )


def _fuzzy(report: Described) -> str:
    """What a fuzzy border means, where a segment has one."""
    if not (reported(report)["stability"] < FUZZY).any():
        return ""
    return (
        f"Border: how much of a segment comes back when other queries are drawn (1 is all of it);"
        f" below {FUZZY} take its share and counts as rough."
    )


def _alpha(report: Described) -> str:
    return f"{100 * report.alpha:.3g} %"


def is_slight(row: Mapping[str, Any]) -> bool:
    """Whether a global test says more than nothing, and less than what is tested for."""
    return bool(row["warned"] and not row["flagged"])
