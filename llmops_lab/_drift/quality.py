"""Did answers get worse inside a group of queries? Units are permuted inside the group.

Sources: Chung and Romano 2013 (studentised permutation); Westfall and Young 1993 (max-T).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.overall import change_of_mean, scan_overall
from llmops_lab._scan.permutation import ScanResult, step_down
from llmops_lab._scan.units import Bools, Floats, Ints, Units, bags_of, resampled_units
from llmops_lab._spans.checks import check_names, has_failed, number_given, number_names
from llmops_lab._spans.rows import RATES

_LEAST_KNOWN = 20
_N_PERMUTATIONS = 499
ITSELF, EVERYBODY = "itself", "all queries"
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Metric:
    """A number per trace: its column in reports, how to read it off a row, and whether more of
    it is worse (1) or neither (0). `values` are null where unknown."""

    name: str
    value: pl.Expr
    worse: int = 0
    typical: str = "mean"


METRICS = (
    Metric("error_rate", RATES["error_rate"].cast(pl.Float64), worse=1),
    Metric("negative_feedback_rate", RATES["negative_feedback_rate"].cast(pl.Float64), worse=1),
    Metric("guardrail_rate", RATES["guardrail_rate"].cast(pl.Float64), worse=1),
    Metric("cost_usd", pl.col("cost_usd").cast(pl.Float64)),
    Metric("duration_s", pl.col("duration_s").cast(pl.Float64), typical="median"),
    Metric("input_tokens", pl.col("input_tokens").cast(pl.Float64)),
    Metric("output_tokens", pl.col("output_tokens").cast(pl.Float64)),
)


def metrics_of(frame: pl.DataFrame) -> list[Metric]:
    """Every metric that these rows can tell, and one for each check that judged some of them and
    for each number that some were given."""
    there = [m for m in METRICS if set(m.value.meta.root_names()) <= set(frame.columns)]
    checks = [
        Metric(f"{name}_fail_rate", has_failed(name).cast(pl.Float64), worse=1)
        for name in check_names(frame)
    ]
    numbers = [Metric(f"{name}_score", number_given(name)) for name in number_names(frame)]
    return [*there, *checks, *numbers]


def measured(frame: pl.DataFrame) -> dict[str, Floats]:
    """Every metric of every row as float64, NaN where unknown."""
    there = metrics_of(frame)
    table = frame.select(m.value.alias(m.name) for m in there)
    return {m.name: table[m.name].fill_null(float("nan")).to_numpy().copy() for m in there}


def without_common_change(values: Floats, is_current: Bools) -> Floats:
    """The values less what changed everywhere: both windows get the overall mean."""
    known = ~np.isnan(values)
    shifted = values.copy()
    for window in (is_current, ~is_current):
        if (known & window).any():
            shifted[window] -= np.nanmean(values[window]) - np.nanmean(values)
    return shifted


@dataclass(frozen=True)
class Groups:
    """Rows of many groups, and the metric (a number per row, NaN unknown) each is tested for."""

    rows: list[Ints]
    values: list[Floats]


def scan_quality(
    units: Units,
    groups: Groups,
    *,
    alpha: float,
    only_more: bool = False,
    n_permutations: int = _N_PERMUTATIONS,
    seed: int = 0,
) -> ScanResult:
    """Test the change of a mean inside every group at once, by permutation of whole units.

    Groups share their shuffles, so that one correction covers all of them. `only_more` tests
    increases alone.
    """
    observed, null = _shuffles(units, groups, [groups.values], n_permutations, seed)
    return step_down(observed[0], null[0], alpha=alpha, only_more=only_more)


def _shuffles(
    units: Units, groups: Groups, versions: Sequence[Sequence[Floats]], n: int, seed: int
) -> tuple[Floats, Floats]:
    """The statistic of every version of the values (versions, groups), and with windows shuffled
    (versions, groups, n); all versions of a group know the same rows and share its shuffles."""
    shape = (len(versions), len(groups.rows))
    observed, null = np.zeros(shape), np.zeros((*shape, n))
    for g, rows in enumerate(groups.rows):
        looked = [values[g][rows] for values in versions]
        observed[:, g], null[:, g] = _inside(units, rows, looked, n, seed)
    return observed, null


def scan_excess(units: Units, groups: Groups, *, alpha: float, seed: int = 0) -> ScanResult:
    """As `scan_quality`, for increases over and above what increased everywhere.

    A group must have increased by itself and still when the common change is taken out, so
    its p-value is the larger of the two.
    """
    is_current = units.is_current[units.block]
    each = {id(values): values for values in groups.values}
    common = {key: without_common_change(values, is_current) for key, values in each.items()}
    versions = [groups.values, [common[id(values)] for values in groups.values]]
    observed, null = _shuffles(units, groups, versions, _N_PERMUTATIONS, seed)
    by_itself, beyond = (
        step_down(observed[i], null[i], alpha=alpha, only_more=True) for i in (0, 1)
    )
    return ScanResult(
        by_itself.statistic,
        np.maximum(by_itself.p_value, beyond.p_value),
        np.maximum(by_itself.p_adjusted, beyond.p_adjusted),
        by_itself.critical,
    )


def is_known(units: Units, rows: Ints, values: Floats) -> bool:
    """Whether the group holds at least 20 known values in each window."""
    known = rows[~np.isnan(values[rows])]
    current = units.is_current[units.block[known]]
    return bool(min(current.sum(), (~current).sum()) >= _LEAST_KNOWN)


def can_be_tested(units: Units, rows: Ints, values: Floats) -> bool:
    """Whether the group holds at least 20 known values in each window, and not all alike."""
    if not is_known(units, rows, values):
        return False
    return bool(np.ptp(values[rows][~np.isnan(values[rows])]) > 0)


def mean_change(units: Units, rows: Ints, values: Floats) -> float:
    """Mean of the known values in current less that in the baseline."""
    current = units.is_current[units.block[rows]]
    return float(np.nanmean(values[rows][current]) - np.nanmean(values[rows][~current]))


def _inside(
    units: Units, rows: Ints, versions: Sequence[Floats], n_permutations: int, seed: int
) -> tuple[Floats, Floats]:
    """Studentised change of the mean in one group, per version of its values: as it is, and with
    windows shuffled."""
    known = ~np.isnan(versions[0])
    block, place = np.unique(units.block[rows[known]], return_inverse=True)
    size = np.bincount(place).astype(np.float64)
    partner = _partners(units, block)
    current = units.is_current[block]
    labels = _shuffled(units, block, partner, n_permutations, seed)
    labels = np.concatenate([current[:, None], labels], axis=1)
    excess = [np.bincount(place, v[known] - v[known].mean()).astype(np.float64) for v in versions]
    found = np.stack([change_of_mean(size, e, partner, labels) for e in excess])
    return found[:, 0], found[:, 1:]


def _partners(units: Units, block: Ints) -> Ints:
    """For each block of the group, where the same unit's other window stands in it, or −1."""
    wanted = units.partner[block]
    place = np.searchsorted(block, wanted).clip(max=len(block) - 1)
    return np.where((wanted >= 0) & (block[place] == wanted), place, -1)


def _shuffled(units: Units, block: Ints, partner: Ints, n: int, seed: int) -> Bools:
    """Window labels (blocks, n): partners swap or not, blocks without one trade places, within
    strata."""
    labels = np.empty((len(block), n), dtype=np.bool_)
    current, stratum = units.is_current[block], units.stratum[block]
    baseline = np.flatnonzero((partner >= 0) & ~current)
    swap = _keys(block[baseline], n, seed) < 0.5
    labels[baseline], labels[partner[baseline]] = swap, ~swap
    alone = np.flatnonzero(partner < 0)
    for place in np.unique(stratum[alone]):
        traders = alone[stratum[alone] == place]
        labels[traders] = _traded(block[traders], int(current[traders].sum()), n, seed + 1)
    return labels


def _traded(block: Ints, n_current: int, n: int, seed: int) -> Bools:
    """Labels (blocks, n) of which `n_current` are true in each column."""
    if not 0 < n_current < len(block):
        return np.full((len(block), n), n_current > 0)
    keys = _keys(block, n, seed)
    return keys <= np.partition(keys, n_current - 1, axis=0)[n_current - 1]


def _keys(block: Ints, n: int, seed: int) -> Floats:
    """Numbers in [0, 1) for each block and shuffle, the same in every group (splitmix64)."""
    row = block.astype(np.uint64)[:, None] * np.uint64(n) + np.arange(n, dtype=np.uint64)
    start = np.uint64((seed * 0xD1B54A32D192ED03 + 1) % 2**64)
    state = (row + start) * _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))) / np.float64(2**64)


def typical(name: str, values: Floats) -> float | None:
    """The mean (or median, for durations) of the known values; None without any."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    median = any(m.typical == "median" for m in METRICS if m.name == name)
    return float(np.median(known) if median else known.mean())


def change_interval(
    units: Units, rows: Ints, values: Floats, *, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Interval of the change of a mean inside a group, resampling whole units."""
    known = ~np.isnan(values)
    block = units.block[rows[known]]
    unit, current = units.unit[block], units.is_current[block]
    _, number = np.unique(unit, return_inverse=True)
    rng = np.random.default_rng(seed)
    number = bags_of(int(number.max()) + 1, rng)[number]
    sums = [
        np.bincount(number, weight * window)
        for window in (~current, current)
        for weight in (values[known], np.ones(known.sum()))
    ]
    draws = resampled_units(len(sums[0]), 500, rng) @ np.stack(sums, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = draws[:, 2] / draws[:, 3] - draws[:, 0] / draws[:, 1]
    low, high = np.nanquantile(change, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def segment_quality(
    both: Comparison, groups: Sequence[Bools], values: dict[str, Floats]
) -> pl.DataFrame:
    """A row per metric over all queries (segment null), then per group and metric (see QUALITY).

    Means then and now (`against` says whose: a group that is new is held against all queries
    then, and not tested) and the change with its interval, by resampling units; p-values by
    permuting units, inside the group where it is one, `p_adjusted` by max-T over all metrics (and
    groups), null where all values are one. The intervals over all queries hold together at 95 %
    (Bonferroni), the others one by one.
    """
    everywhere = np.arange(len(both.is_current))
    known = {n: v for n, v in values.items() if can_be_tested(both.units, everywhere, v)}
    constant = {
        n: v for n, v in values.items() if n not in known and is_known(both.units, everywhere, v)
    }
    records = _over_all(both, everywhere, known)
    # Such as failures of 100 % then and now: nothing to test, and news all the same.
    records += [_change(both, everywhere, n, (0.0, 0.0), v) for n, v in constant.items()]
    tried = [
        (g, name, np.flatnonzero(mask))
        for g, mask in enumerate(groups)
        for name in known
        if can_be_tested(both.units, np.flatnonzero(mask), values[name])
    ]
    if tried:
        found = Groups([rows for _, _, rows in tried], [values[name] for _, name, _ in tried])
        result = scan_quality(both.units, found, alpha=0.05, seed=both.seed)
        for i, (g, name, rows) in enumerate(tried):
            ends = change_interval(both.units, rows, values[name][rows], seed=both.seed)
            p = {"p_value": result.p_value[i], "p_adjusted": result.p_adjusted[i]}
            records.append({**_change(both, rows, name, ends, values[name]), "segment": g, **p})
    return pl.DataFrame([*records, *_newcomers(both, groups, known)], schema=QUALITY)


def _newcomers(
    both: Comparison, groups: Sequence[Bools], values: dict[str, Floats]
) -> list[dict[str, Any]]:
    """Records of groups that had too few answers then: theirs now against everybody's then."""
    records: list[dict[str, Any]] = []
    for g, mask in enumerate(groups):
        for name, value in values.items():
            known = mask & ~np.isnan(value)
            if (known & ~both.is_current).sum() >= _LEAST_KNOWN:
                continue
            if (known & both.is_current).sum() < _LEAST_KNOWN:
                continue
            looked = np.where((known & both.is_current) | ~both.is_current, value, np.nan)
            ends = both.mean_interval(looked, 0.95)
            change = _change(both, np.arange(len(looked)), name, ends, looked)
            records.append({**change, "segment": g, "against": EVERYBODY})
    return records


def _over_all(both: Comparison, rows: Ints, values: dict[str, Floats]) -> list[dict[str, Any]]:
    """A record per metric over all queries."""
    if not values:
        return []
    result = scan_overall(both.units, list(values.values()), seed=both.seed)
    return [
        {
            **_change(both, rows, name, both.mean_interval(value, 1 - 0.05 / len(values)), value),
            "p_value": result.p_value[i],
            "p_adjusted": result.p_adjusted[i],
        }
        for i, (name, value) in enumerate(values.items())
    ]


def _change(
    both: Comparison, rows: Ints, name: str, ends: tuple[float, float], values: Floats
) -> dict[str, Any]:
    now = both.is_current[rows]
    then_mean, now_mean = (float(np.nanmean(values[rows][window])) for window in (~now, now))
    return {
        "metric": name,
        "against": ITSELF,
        "baseline": then_mean,
        "current": now_mean,
        "change": now_mean - then_mean,
        "change_low": ends[0],
        "change_high": ends[1],
    }


QUALITY = {
    "segment": pl.Int64,
    "metric": pl.String,
    "against": pl.String,
    **dict.fromkeys(("baseline", "current", "change", "change_low", "change_high"), pl.Float64),
    **dict.fromkeys(("p_value", "p_adjusted"), pl.Float64),
}
