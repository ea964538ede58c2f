"""The difference between two runs of the same cases, with bounds that hold.

Binary and one answer per independent case: Tango's score interval (Tango 1998, Statistics in
Medicine 17, 891–908) and McNemar's mid-p (Fagerland, Lydersen, Laake 2013, BMC Medical Research
Methodology 13, 91). Otherwise: t over clusters, G − 1 degrees of freedom.
"""

from dataclasses import replace
from math import comb, sqrt
from statistics import NormalDist

import numpy as np

from llmops_lab._gates.estimates import Estimate, Labels, Values, clustered_mean
from llmops_lab._rates import normal_quantile


def difference(
    current: Values,
    baseline: Values,
    clusters: Labels | None = None,
    *,
    weights: Values | None = None,
    alpha: float,
) -> Estimate:
    """The mean change over paired cases, in the units of the values.

    `clusters` numbers the group of each case, None when cases are independent; `weights` says
    how much each counts, None when all alike. `p_value` is two-sided, of no change at all.
    """
    change = current - baseline
    binary = bool(np.isin(np.concatenate([current, baseline]), (0.0, 1.0)).all())
    if binary and clusters is None and weights is None:
        return _binary(change, alpha)
    found = clustered_mean(change, clusters, weights=weights, alpha=alpha)
    if binary and not change.any():
        # No change anywhere has no spread to reckon with: count a cluster as one case instead.
        return replace(_binary(np.zeros(found.n_clusters), alpha), n=found.n)
    below = found.p_below(0.0)
    return replace(found, **_counts(change), p_value=2 * min(below, 1 - below))


def _counts(change: Values) -> dict[str, int]:
    return {"improved": int((change > 0).sum()), "worsened": int((change < 0).sum())}


def _binary(change: Values, alpha: float) -> Estimate:
    n, counts = len(change), _counts(change)
    improved, worsened = counts["improved"], counts["worsened"]
    value = (improved - worsened) / n
    low, high = tango(improved, worsened, n, confidence=1 - 2 * alpha)
    # One more case that changed and one that did not: no change so far is not certainty.
    variance = max((improved + worsened + 1) / (n + 2) - value**2, 1e-12)
    return Estimate(
        value=value,
        low=low,
        high=high,
        alpha=alpha,
        n=n,
        n_clusters=n,
        variance=variance,
        method="Tango score interval, McNemar mid-p",
        p_below=lambda limit: NormalDist().cdf(_tango_z(improved, worsened, n, limit)),
        **counts,
        p_value=mcnemar_mid_p(improved, worsened),
    )


def tango(improved: int, worsened: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of (improved − worsened) / n for paired yes-or-no outcomes."""
    z = normal_quantile((1 + confidence) / 2)
    return _where_z_is(z, improved, worsened, n), _where_z_is(-z, improved, worsened, n)


def _where_z_is(level: float, improved: int, worsened: int, n: int) -> float:
    """The difference at which the score statistic, which falls, takes this value."""
    low, high = -1.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        if _tango_z(improved, worsened, n, middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _tango_z(improved: int, worsened: int, n: int, delta: float) -> float:
    """Score statistic of a true difference of `delta`."""
    slope = (2 * n - improved + worsened) * delta - improved - worsened
    product = 8 * n * worsened * delta * (1 - delta)
    share = (sqrt(max(slope * slope + product, 0.0)) - slope) / (4 * n)
    spread = n * (2 * share + delta * (1 - delta))
    gap = improved - worsened - n * delta
    if spread <= 0:
        return 0.0 if gap == 0 else float("inf") if gap > 0 else float("-inf")
    return gap / sqrt(spread)


def mcnemar_mid_p(improved: int, worsened: int) -> float:
    """Two-sided mid-p value of "as likely to improve as to worsen"."""
    n, few = improved + worsened, min(improved, worsened)
    if improved == worsened:
        return 1.0
    below = sum(comb(n, k) for k in range(few))
    return (2 * below + comb(n, few)) / 2**n
