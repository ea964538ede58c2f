"""What people would say of all answers, from a judge on all of them and people on some."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from llmops_lab._gates.estimates import Estimate, Labels, Values, bounded_by_t
from llmops_lab.errors import LabError


def corrected_mean(
    judged: Values,
    labelled: Sequence[int],
    human: Values,
    *,
    clusters: Labels | None = None,
    alpha: float,
) -> Estimate:
    """The mean that people would give all answers, from a judge on all and people on some.

    `judged` is the judge's value of every answer, `labelled` the positions of a random sample
    that people labelled, `human` their values. The judge's errors on the sample correct it, and
    it is used only as far as it helps. `clusters` numbers the group of each answer, None when
    they are independent: answers of one group may be alike to any degree. Bounds are each
    one-sided at `alpha`, normal, or with clusters of t with one degree of freedom less than
    there are labelled groups; with a single one they are infinite.
    Sources: PPI++, Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453, for the mean; Liang and
    Zeger 1986 for clusters.
    """
    n, total = len(human), len(judged)
    if n < 2 or len(labelled) != n:
        raise LabError("give at least two human values, and the position of each")
    index = np.asarray(labelled)
    seen = judged[index]
    rest = np.setdiff1d(np.arange(total), index)
    unseen = rest if len(rest) else np.arange(total)
    weight = _power(human, seen, n / len(unseen))
    mean = float(human.mean() + weight * (judged[unseen].mean() - seen.mean()))
    # What each answer adds to the error of the mean, by its label and by the judge's value.
    by_label = _centred(human - weight * seen) / n
    by_judge = weight * _centred(judged[unseen]) / len(unseen)
    if clusters is None:
        n_groups, freedom = n, np.inf
        spread = float(n / (n - 1) * (by_label**2).sum() + (by_judge**2).sum())
    else:
        told = [(index, by_label), (unseen, by_judge)]
        n_groups, spread = _spread_of_groups(np.unique(clusters, return_inverse=True)[1], told)
        freedom = n_groups - 1
    method = "PPI++" if clusters is None else "cluster-robust PPI++"
    return bounded_by_t(
        mean, sqrt(spread), freedom, alpha=alpha, sizes=(total, n_groups), method=method
    )


def _spread_of_groups(groups: Labels, told: Sequence[tuple[Labels, Values]]) -> tuple[int, float]:
    """How many groups were labelled, and the variance of the sum of what all groups add.

    `told` holds positions of answers and what each adds, those labelled first.
    """
    sums = sum(np.bincount(groups[at], adds, groups.max() + 1) for at, adds in told)
    n = len(np.unique(groups[told[0][0]]))
    return n, float(n / (n - 1) * np.square(sums).sum()) if n > 1 else np.inf


def _centred(values: Values) -> Values:
    return values - values.mean()


def _power(human: Values, seen: Values, ratio: float) -> float:
    """How far to follow the judge, 0 (not at all) to 1: what makes the variance least."""
    variance = float(np.var(seen, ddof=1))
    if variance == 0:
        return 0.0
    covariance = float(np.cov(human, seen)[0, 1])
    return min(max(covariance / (variance * (1 + ratio)), 0.0), 1.0)
