"""A mean over cases with one-sided bounds, and how many cases would make it sharp enough."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from llmops_lab._rates import normal_quantile, wilson

Values = NDArray[np.float64]
Labels = NDArray[np.int64]
POWER = 0.8


@dataclass(frozen=True)
class Estimate:
    """A mean with bounds, each one-sided at `alpha`; `variance` is that of one case.

    `p_below(limit)` is the p-value, one-sided, of the hypothesis that the truth is not below
    `limit`: small when it is below. `improved` and `worsened` count cases of a comparison.
    """

    value: float
    low: float
    high: float
    alpha: float
    n: int
    n_clusters: int
    variance: float
    method: str
    p_below: Callable[[float], float]
    improved: int = 0
    worsened: int = 0
    p_value: float | None = None

    @property
    def smallest_detectable(self) -> float:
        """The true distance that as many cases would find four times in five."""
        return _reach(self.alpha) * sqrt(self.variance / self.n)

    def n_needed(self, limit: float, *, truth: float | None = None) -> int | None:
        """Cases in all to tell such a value, or `truth`, from `limit` four times in five.

        None when it sits on the limit, or nothing is known of the spread.
        """
        distance = abs((self.value if truth is None else truth) - limit)
        if distance < 1e-9 or not np.isfinite(self.variance):
            return None
        return ceil(_reach(self.alpha) ** 2 * self.variance / distance**2)


def _reach(alpha: float) -> float:
    return normal_quantile(1 - alpha) + normal_quantile(POWER)


def mean_of(
    values: Values, clusters: Labels | None, *, weights: Values | None = None, alpha: float
) -> Estimate:
    """The mean of one value per case: Wilson's bounds for yes and no, else t over clusters."""
    if clusters is None and weights is None and bool(np.isin(values, (0.0, 1.0)).all()):
        return _proportion(values, alpha)
    return clustered_mean(values, clusters, weights=weights, alpha=alpha)


def _proportion(values: Values, alpha: float) -> Estimate:
    n, share = len(values), float(values.mean())
    low, high = wilson(float(values.sum()), n, confidence=1 - 2 * alpha)

    def p_below(limit: float) -> float:
        spread = sqrt(limit * (1 - limit) / n)
        return NormalDist().cdf((share - limit) / spread) if spread else float(share >= limit)

    variance = (values.sum() + 1) * (n - values.sum() + 1) / (n + 2) ** 2
    return Estimate(
        share, low, high, alpha, n, n, float(variance), "Wilson score interval", p_below
    )


def clustered_mean(
    values: Values, clusters: Labels | None, *, weights: Values | None = None, alpha: float
) -> Estimate:
    """The mean with t bounds; cases of one cluster may be alike to any degree.

    A case of weight 2 counts twice in the mean, and as one case in its error. Degrees of freedom
    are the clusters less one; with a single cluster the bounds are infinite.
    Source: Liang and Zeger 1986, with the correction G / (G − 1).
    """
    n, weighing = len(values), np.ones(len(values)) if weights is None else weights
    mean = float(np.average(values, weights=weighing))
    groups = np.arange(n) if clusters is None else clusters
    places = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(places, weights=weighing * (values - mean)) / float(weighing.sum())
    g = len(sums)
    error = sqrt(g / (g - 1) * float((sums**2).sum())) if g > 1 else np.inf
    method = ("weighted " if weights is not None else "", "cluster-robust " if g < n else "", "t")
    return bounded_by_t(mean, error, g - 1, alpha=alpha, sizes=(n, g), method="".join(method))


def bounded_by_t(
    mean: float,
    error: float,
    freedom: float,
    *,
    alpha: float,
    sizes: tuple[int, int],
    method: str,
) -> Estimate:
    """A mean with bounds of t: normal at infinite degrees of freedom, infinite at none.

    `error` is the standard error, `sizes` the cases and the clusters of them.
    """
    from scipy import special

    n, n_clusters = sizes
    reach = float(special.stdtrit(freedom, 1 - alpha)) * error if freedom else np.inf

    def p_below(limit: float) -> float:
        if error == 0:
            return 0.5 if mean == limit else float(mean > limit)
        return float(special.stdtr(freedom, (mean - limit) / error)) if freedom else 0.5

    return Estimate(
        value=mean,
        low=mean - reach,
        high=mean + reach,
        alpha=alpha,
        n=n,
        n_clusters=n_clusters,
        variance=error**2 * n,
        method=method,
        p_below=p_below,
    )
