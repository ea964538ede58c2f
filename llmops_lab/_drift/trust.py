"""How far to trust a drift report: what it could have seen, and how often it is wrong."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._drift.reasons import Decomposed
from llmops_lab._segments.table import names_line

# Of fewer, whole users moved between windows make too few patterns to be told from chance.
_FEWEST_USERS = 8
_COARSE = 0.1  # A smallest change of this size is news to the reader.
_APART = timedelta(days=1)


class Described(Decomposed, Protocol):
    """What the note needs of a report."""

    @property
    def signals(self) -> pl.DataFrame: ...
    @property
    def windows(self) -> pl.DataFrame: ...
    @property
    def exploratory(self) -> bool: ...
    @property
    def smallest_new(self) -> float | None: ...
    @property
    def smallest_growth(self) -> float | None: ...


def reported(report: Described) -> pl.DataFrame:
    """The segments without bursts, which are no trend."""
    return report.frame.filter(pl.col("kind") != "burst")


def too_few(report: Described) -> bool:
    """Whether moving whole users between the windows can tell anything."""
    return int(report.windows["n_users"].min() or 0) < _FEWEST_USERS  # type: ignore[arg-type]


def sureness(report: Described) -> list[str]:
    """How far to trust the report and how small a change it could have seen."""
    found = reported(report).height > 0
    seen = [_dated(report), _seen(report), _error_rate(report)]
    if found:
        return [*names_line(report.frame), *(line for line in seen if line)]
    looked = (
        "Looked for: topics that come, go, grow, shrink or get worse answers; style; gibberish;"
        " answers, cost and time over all."
    )
    return [looked, *(line for line in seen[1:] if line)]


def _dated(report: Described) -> str:
    """What to do where days between the windows keep a change from being dated."""
    end, start = report.windows["end"][0], report.windows["start"][1]
    undated = reported(report)["since"].null_count()
    if not undated or end is None or start is None or start - end <= _APART:
        return ""
    which = "All of it" if undated == reported(report).height else "What has no date"
    return f"{which} was there by {day_words(start)}; to date it, compare windows that meet."


def _seen(report: Described) -> str:
    if too_few(report):
        n = int(report.windows["n_users"].min() or 0)  # type: ignore[arg-type]
        return (
            f"Only {quantities.counted(n, 'user')} in a window: what one user does says little of"
            ' others, so shares and answers are hardly tested. unit="trace_id" takes each query'
            " for itself."
        )
    new, growth = report.smallest_new, report.smallest_growth
    if new is None:
        return "With this much data no change of a share can be seen: take longer windows."
    grows = "hardly when it grows" if growth is None else "when it grows to about "
    grows += "" if growth is None else quantities.percent(growth)
    says = (
        f"With this much data a new segment shows from about {quantities.percent(new)} of queries,"
        f" and one of 2 % {grows}."
    )
    return f"{says} That is coarse: take longer windows." if new > _COARSE else says


def _error_rate(report: Described) -> str:
    """How often such a report names what is not there."""
    if report.exploratory:
        return (
            f"Exploratory: of the segments named about {_alpha(report)} may be chance; look again"
            " in new data before you act on one."
        )
    slight = [row["name"] for row in report.signals.iter_rows(named=True) if is_slight(row)]
    beside = ["bursts"] if (report.frame["kind"] == "burst").any() else []
    beside += ["a slight perplexity"] if slight else []
    aside = f" ({' and '.join(beside)} aside)" if beside else ""
    says = f"Without any change, at most {_alpha(report)} of such reports name anything{aside}."
    if not reported(report).height:
        return says
    return (
        f"{says} p-values are corrected for all that was tried. Shares of segments picked for"
        " their change read somewhat too high."
    )


def _alpha(report: Described) -> str:
    return f"{100 * report.alpha:.3g} %"


def is_slight(row: Mapping[str, Any]) -> bool:
    """Whether a global test says more than nothing, and less than what is tested for."""
    return bool(row["warned"] and not row["flagged"])


def day_words(moment: datetime) -> str:
    """`9 Mar 2026`."""
    return f"{moment.day} {moment:%b %Y}"
