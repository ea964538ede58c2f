"""Has a rate risen since a pinned baseline? Three detectors of daily counts, under one p-value.

A comparison with yesterday, or with last week, follows a slow decay down and never sees it; what
is pinned cannot follow. Sources: Page 1954 (CUSUM); Gandy and Kvaløy 2013 (thresholds that know
the baseline was estimated); Cochran 1954, Armitage 1955 (trend).
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from llmops_lab._rates import wilson
from llmops_lab._scan.units import Floats, Ints

WEEK = 7
# The CUSUM is tuned to a rise by half: its allowance is half of that.
_ALLOWANCE = 0.25
N_FUTURES = 2000


@dataclass(frozen=True)
class Series:
    """Per day: `n` observed, `hits` of them bad. The first `n_pinned` days are the baseline.

    `spread` is how much more counts vary than those of independent rows would (1: not).
    """

    hits: Ints
    n: Ints
    n_pinned: int
    spread: float = 1.0

    @property
    def pinned(self) -> tuple[float, float]:
        """Bad ones and all in the baseline."""
        first = slice(self.n_pinned)
        return float(self.hits[first].sum()), float(self.n[first].sum())

    @property
    def rate(self) -> float:
        """The baseline's rate, never quite 0 or 1."""
        hits, n = self.pinned
        return (hits + 0.5) / (n + 1)

    @property
    def later(self) -> tuple[Floats, Floats]:
        """Bad ones and all per day after the baseline."""
        rest = slice(self.n_pinned, None)
        return self.hits[rest].astype(np.float64), self.n[rest].astype(np.float64)


@dataclass(frozen=True)
class Rise:
    """p-values (one-sided) of the three detectors, and of the smallest of them: `p_value`."""

    p_cusum: float
    p_week: float
    p_trend: float
    p_value: float


def cusum(series: Series, hits: Floats) -> Floats:
    """Pinned CUSUM after each day: bad ones beyond the baseline's rate and an allowance, piled up.

    `hits` (…, days) after the baseline. Starts again from 0 whenever it would fall below.
    """
    _, n = series.later
    steps = hits - n * series.rate * (1 + _ALLOWANCE)
    level, levels = np.zeros(steps.shape[:-1]), np.empty(steps.shape)
    for day in range(steps.shape[-1]):
        level = np.maximum(0, level + steps[..., day])
        levels[..., day] = level
    return levels


def week(series: Series, hits: Floats) -> Floats:
    """The last 7 days against the baseline, in standard errors (two proportions, pooled)."""
    _, n = series.later
    then, n_then = series.pinned
    now, n_now = hits[..., -WEEK:].sum(axis=-1), n[-WEEK:].sum()
    pooled = (now + then) / (n_now + n_then)
    error = np.sqrt(pooled * (1 - pooled) * (1 / max(n_now, 1) + 1 / n_then))
    return (now / max(n_now, 1) - then / n_then) / np.where(error > 0, error, 1)


def trend(series: Series, hits: Floats) -> Floats:
    """Cochran–Armitage's z: does the rate rise with the days since the baseline (its own are 0)?"""
    _, n = series.later
    then, n_then = series.pinned
    day = np.arange(1, len(n) + 1)
    total = n.sum() + n_then
    overall = ((hits.sum(axis=-1) + then) / total)[..., None]
    excess = ((hits - n * overall) * day).sum(axis=-1)
    spread = (n * day**2).sum() - (n * day).sum() ** 2 / total
    error = np.sqrt((overall * (1 - overall))[..., 0] * spread)
    return excess / np.where(error > 0, error, 1)


def risen(series: Series, *, n_futures: int = N_FUTURES, seed: int = 0) -> Rise:
    """Whether the rate has risen since the baseline, by any of the three detectors.

    All are held against futures without a change, drawn at rates that the baseline leaves
    possible, with the spread of its users; the smallest p-value is then held against the
    smallest ones of the same futures, so that three looks cost no more than one.
    """
    hits, _ = series.later
    futures = _futures(series, n_futures, np.random.default_rng(seed))
    seen = np.concatenate([hits[None], futures])
    statistics = [cusum(series, seen).max(axis=-1), week(series, seen), trend(series, seen)]
    p = np.stack([_p_values(statistic) for statistic in statistics])
    best = p.min(axis=0)
    together = float((best <= best[0] + 1e-12).mean())
    return Rise(float(p[0, 0]), float(p[1, 0]), float(p[2, 0]), together)


def _futures(series: Series, n_futures: int, rng: np.random.Generator) -> Floats:
    """Counts (futures, days) of futures at a rate drawn from what the baseline allows."""
    _, n = series.later
    then, n_then = series.pinned
    bad, good = then / series.spread + 0.5, (n_then - then) / series.spread + 0.5
    rate = rng.beta(bad, good, (n_futures, 1))
    drawn = rng.binomial(n.astype(np.int64), rate, (n_futures, len(n)))
    expected = n * rate
    return np.clip(expected + sqrt(series.spread) * (drawn - expected), 0, n)


def _p_values(statistic: Floats) -> Floats:
    """Share of all that are at least as large, for each."""
    ordered = np.sort(statistic)
    return (len(ordered) - np.searchsorted(ordered, statistic)) / len(ordered)


def change_of_week(series: Series) -> tuple[float, float, float]:
    """Rate of the last 7 days less the baseline's, with a 95 % interval (Newcombe 1998, hybrid
    score), both windows counted as what they are worth given the spread."""
    hits, n = series.later
    (then, then_low, then_high), (now, now_low, now_high) = (
        (k / max(m, 1.0), *wilson(k / series.spread, m / series.spread))
        for k, m in (series.pinned, (float(hits[-WEEK:].sum()), float(n[-WEEK:].sum())))
    )
    change = now - then
    low = change - sqrt((now - now_low) ** 2 + (then_high - then) ** 2)
    high = change + sqrt((now_high - now) ** 2 + (then - then_low) ** 2)
    return change, low, high


def since(series: Series) -> int:
    """The day (0 the first of all) from which the CUSUM never fell back to 0."""
    levels = cusum(series, series.later[0])
    resets = np.flatnonzero(levels <= 0)
    return series.n_pinned + (int(resets[-1]) + 1 if len(resets) else 0)


def spread_of(hits: Floats, unit: Ints, day: Ints) -> float:
    """How much more the baseline's counts vary than independent rows: over users (cluster-robust)
    and, where sure (Pearson's χ² at 1 %), over days. At least 1.

    `hits` (rows,) are 0 or 1.
    """
    from scipy import stats

    rate = hits.mean()
    if not 0 < rate < 1:
        return 1.0
    excess = hits - rate
    by_unit = np.bincount(np.unique(unit, return_inverse=True)[1], excess)
    independent = len(hits) * rate * (1 - rate)
    found = max(1.0, float((by_unit**2).sum() / independent))
    place = np.unique(day, return_inverse=True)[1]
    n = np.bincount(place)
    squares = float((np.bincount(place, excess) ** 2 / (n * rate * (1 - rate))).sum())
    over_days = squares / max(1, len(n) - 1)
    sure = len(n) > 1 and stats.chi2.sf(squares / found, len(n) - 1) < 0.01
    return max(found, over_days) if sure else found
