"""What people would say of all answers, from a judge on all of them and people on some."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np

from llmops_lab._gates.estimates import Estimate, Values
from llmops_lab._rates import normal_quantile
from llmops_lab.errors import LabError


def corrected_mean(
    judged: Values, labelled: Sequence[int], human: Values, *, alpha: float
) -> Estimate:
    """The mean that people would give all answers, from a judge on all and people on some.

    `judged` is the judge's value of every answer, `labelled` the positions of a random sample
    that people labelled, `human` their values. The judge's errors on the sample correct it, and
    it is used only as far as it helps. Bounds are each one-sided at `alpha`.
    Source: PPI++, Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453, for the mean.
    """
    n, total = len(human), len(judged)
    if n < 2 or len(labelled) != n:
        raise LabError("give at least two human values, and the position of each")
    index = np.asarray(labelled)
    seen = judged[index]
    rest = np.delete(judged, index)
    unseen = rest if len(rest) else judged
    weight = _power(human, seen, n / len(unseen))
    mean = float(human.mean() + weight * (unseen.mean() - seen.mean()))
    spread = float(np.var(human - weight * seen, ddof=1)) / n
    spread += weight**2 * float(np.var(unseen, ddof=0)) / len(unseen)
    reach = normal_quantile(1 - alpha) * sqrt(spread)
    return Estimate(
        value=mean,
        low=mean - reach,
        high=mean + reach,
        alpha=alpha,
        n=total,
        n_clusters=n,
        variance=spread * total,
        method="PPI++",
        p_below=lambda limit: _below(mean, limit, spread),
    )


def _power(human: Values, seen: Values, ratio: float) -> float:
    """How far to follow the judge, 0 (not at all) to 1: what makes the variance least."""
    variance = float(np.var(seen, ddof=1))
    if variance == 0:
        return 0.0
    covariance = float(np.cov(human, seen)[0, 1])
    return min(max(covariance / (variance * (1 + ratio)), 0.0), 1.0)


def _below(mean: float, limit: float, spread: float) -> float:
    return NormalDist().cdf((mean - limit) / sqrt(spread)) if spread else float(mean >= limit)
