"""Whose segment is it: which prompt version, model, tenant or language goes with it?

Sources: Mantel and Haenszel 1959; Robins, Breslow and Greenland 1986 (variance of the odds
ratio); Rao and Scott 1992 (design effect of units with several rows).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.findings import Finding
from llmops_lab._multiplicity import holm
from llmops_lab._rates import normal_quantile
from llmops_lab._scan.language import language_of
from llmops_lab._scan.units import Bools, Floats, Ints

ATTRIBUTES = ("prompt_version", "model", "tenant", "service_name", "environment", "release")
LANGUAGE = "language"
# Where less is known the odds ratio says nothing.
_LEAST_ROWS = 20
_MOST_VALUES = 10
_MOST_CASES, _MOST_CONTROLS = 1000, 1500
# A text longer than this has told its language.
_MOST_CHARACTERS = 300

Values = np.ndarray[Any, np.dtype[np.str_]]
_Z95 = normal_quantile(0.975)


@dataclass(frozen=True)
class OddsRatio:
    """Odds of the outcome where exposed over odds elsewhere, within strata: with 95 % interval."""

    ratio: float
    low: float
    high: float
    p_value: float


def odds_ratio(exposed: Bools, outcome: Bools, stratum: Ints, unit: Ints) -> OddsRatio | None:
    """Cochran–Mantel–Haenszel odds ratio and test, widened by the design effect of units.

    Arrays hold one entry per row. None where no stratum tells: the exposure is everywhere or
    nowhere in each, or the outcome is.
    """
    _, place = np.unique(stratum, return_inverse=True)
    cells = [
        np.bincount(place, kind, place.max() + 1).astype(np.float64)
        for kind in (exposed & outcome, exposed & ~outcome, ~exposed & outcome, ~exposed & ~outcome)
    ]
    a, b, c, d = cells
    n = np.maximum(a + b + c + d, 1)
    r, s = a * d / n, b * c / n
    spread = (a + b) * (c + d) * (a + c) * (b + d) / (n**2 * np.maximum(n - 1, 1))
    if not spread.sum() or not r.sum() or not s.sum():
        return None
    design = _design_effect(exposed, outcome, place, unit)
    excess = (a - (a + b) * (a + c) / n).sum()
    z = abs(excess) / np.sqrt(spread.sum() * design)
    error = np.sqrt(_log_variance(cells, r, s) * design)
    ratio = float(r.sum() / s.sum())
    low, high = (float(ratio * np.exp(sign * _Z95 * error)) for sign in (-1, 1))
    return OddsRatio(ratio, low, high, 2 * NormalDist().cdf(-float(z)))


def _log_variance(cells: Sequence[Floats], r: Floats, s: Floats) -> float:
    """Robins, Breslow and Greenland's variance of the log odds ratio."""
    a, b, c, d = cells
    n = np.maximum(a + b + c + d, 1)
    p, q = (a + d) / n, (b + c) / n
    both = (p * s + q * r).sum() / (2 * r.sum() * s.sum())
    return float((p * r).sum() / (2 * r.sum() ** 2) + both + (q * s).sum() / (2 * s.sum() ** 2))


def _design_effect(exposed: Bools, outcome: Bools, place: Ints, unit: Ints) -> float:
    """How much more the score varies over units than over rows that were independent."""
    size = np.bincount(place)
    means = [(np.bincount(place, x) / size)[place] for x in (exposed, outcome)]
    score = (exposed - means[0]) * (outcome - means[1])
    by_unit = np.bincount(np.unique(unit, return_inverse=True)[1], score)
    return max(1.0, float((by_unit**2).sum() / (score**2).sum()))


def attribution(
    both: Comparison, findings: Sequence[Finding], values: dict[str, Floats]
) -> pl.DataFrame:
    """One row per finding and value of an attribute (see SCHEMA), Holm-adjusted in each finding.

    The odds of being in the segment (for one that got worse: of a bad answer in it) where the
    attribute has the value against all else on the same day of the same window. At most 1,000
    rows of a segment are held against 1,500 others: an odds ratio does not mind how many of each
    are drawn.
    """
    columns, day = _columns(both), _days(both)
    languages: dict[int, str] = {}
    rows: list[dict[str, Any]] = []
    for i, finding in enumerate(findings):
        looked, outcome = _question(finding, values, both.seed)
        stratum, unit = day[looked], both.unit_of_row[looked]
        known = {name: column[looked] for name, column in columns.items()}
        known[LANGUAGE] = _languages(both, looked, languages)
        tried = [
            {"segment": i, "attribute": name, "value": value, **found}
            for name, column in known.items()
            for value, found in _tested(column, outcome, stratum, unit)
        ]
        rows += _adjusted(tried)
    return pl.DataFrame(rows, schema=SCHEMA)


SCHEMA = {
    "segment": pl.Int64,
    "attribute": pl.String,
    "value": pl.String,
    "share_inside": pl.Float64,
    "share_outside": pl.Float64,
    "odds_ratio": pl.Float64,
    "odds_ratio_low": pl.Float64,
    "odds_ratio_high": pl.Float64,
    "p_value": pl.Float64,
    "p_adjusted": pl.Float64,
}


def _columns(both: Comparison) -> dict[str, Values]:
    """The value of each row, "" where unknown, for every attribute that the rows have."""
    names = dict.fromkeys((*ATTRIBUTES, *both.strata))
    return {
        name: both.frame[name].cast(pl.String).fill_null("").to_numpy().astype(str)
        for name in names
        if name in both.frame.columns
    }


def _languages(both: Comparison, looked: Ints, told: dict[int, str]) -> Values:
    """The language of each of the rows; `told` remembers them."""
    for row in looked.tolist():
        if row not in told:
            told[row] = language_of(both.texts[row][:_MOST_CHARACTERS]) or ""
    return np.array([told[row] for row in looked.tolist()], dtype=str)


def _days(both: Comparison) -> Ints:
    """The window and day of each row, as a number."""
    if "start_time" not in both.frame.columns:
        return both.is_current.astype(np.int64)
    day = both.frame["start_time"].dt.epoch("d").fill_null(0).to_numpy().astype(np.int64)
    return day * 2 + both.is_current


def _question(finding: Finding, values: dict[str, Floats], seed: int) -> tuple[Ints, Bools]:
    """Which rows are looked at, and what about them is asked."""
    metric = finding.extra.get("metric")
    if metric is None:
        looked, outcome = np.arange(len(finding.rows)), finding.rows
    else:
        looked = np.flatnonzero(finding.rows & ~np.isnan(values[metric]))
        outcome = values[metric][looked] > 0
    # The same order for every finding, so that a text's language is asked once.
    order = np.random.default_rng(seed).permutation(len(finding.rows)).argsort()[looked].argsort()
    cases, controls = (order[answer[order]] for answer in (outcome, ~outcome))
    drawn = np.sort(np.concatenate([cases[:_MOST_CASES], controls[:_MOST_CONTROLS]]))
    return looked[drawn], outcome[drawn]


def _tested(
    column: Values, outcome: Bools, stratum: Ints, unit: Ints
) -> Iterator[tuple[str, dict[str, float]]]:
    """The values with enough rows, each with its odds ratio."""
    names, counts = np.unique(column[column != ""], return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")][:_MOST_VALUES]:
        exposed = column == name
        if min(exposed.sum(), (~exposed).sum()) < _LEAST_ROWS or outcome.all():
            continue
        found = odds_ratio(exposed, outcome, stratum, unit)
        if found is not None:
            yield (
                str(name),
                {
                    "share_inside": float(exposed[outcome].mean()),
                    "share_outside": float(exposed[~outcome].mean()),
                    "odds_ratio": found.ratio,
                    "odds_ratio_low": found.low,
                    "odds_ratio_high": found.high,
                    "p_value": found.p_value,
                },
            )


def _adjusted(tried: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with Holm's adjusted p-value, the surest first."""
    adjusted = holm([row["p_value"] for row in tried])
    rows = [{**row, "p_adjusted": p} for row, p in zip(tried, adjusted, strict=True)]
    return sorted(rows, key=lambda row: row["p_value"])


def strongest(table: pl.DataFrame, segment: int, *, alpha: float = 0.05) -> dict[str, Any]:
    """Columns of the report: the value that the segment goes with most surely, if any does."""
    found = table.filter(
        pl.col("segment") == segment, pl.col("p_adjusted") <= alpha, pl.col("odds_ratio") > 1
    ).sort("odds_ratio_low", descending=True)
    if found.is_empty():
        return {}
    row = found.row(0, named=True)
    names = ("odds_ratio", "odds_ratio_low", "odds_ratio_high")
    return {
        "goes_with": f"{row['attribute']} {row['value']}",
        **{name: row[name] for name in names},
    }
