"""Intervals for one proportion."""

from math import sqrt
from statistics import NormalDist


def normal_quantile(probability: float) -> float:
    """The point of the standard normal distribution below which this share lies."""
    return NormalDist().inv_cdf(probability)


def wilson(successes: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion, two-sided; (0, 1) when n is 0.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if n == 0:
        return 0.0, 1.0
    z = normal_quantile((1 + confidence) / 2)
    share = successes / n
    middle = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
