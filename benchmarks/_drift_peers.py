"""What others say of the same two windows: groups that they name, or one verdict on the whole."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from _windows import Queries, Windows
from scipy import stats

from llmops_lab._scan.landmarks import density_groups, layout, nearest
from llmops_lab._scan.tree_scan import principal_axes

Found = list[tuple[np.ndarray, int]]
Method = Callable[[Queries, Windows, int], Found]
Verdict = Callable[[Queries, Windows], bool]


def _flat(queries: Queries, windows: Windows, seed: int) -> list[tuple[np.ndarray, int, int]]:
    """Flat clusters of UMAP(5) and HDBSCAN with their counts then and now."""
    matrix = queries.matrix[windows.rows]
    group = density_groups(layout(matrix, nearest(matrix, matrix, k=15), axes=5, seed=seed))
    masks = [group == g for g in range(group.max() + 1)]
    now = windows.is_current
    return [(mask, int((mask & ~now).sum()), int((mask & now).sum())) for mask in masks]


def notebook(queries: Queries, windows: Windows, seed: int) -> Found:
    """What a competent user writes: chi-square on flat clusters, Benjamini-Hochberg."""
    groups = _flat(queries, windows, seed)
    n_now = int(windows.is_current.sum())
    n_then = len(windows.rows) - n_now
    tables = [[[k, n_then - k], [m, n_now - m]] for _, k, m in groups]
    p = [stats.chi2_contingency(table).pvalue for table in tables]
    adjusted = stats.false_discovery_control(p) if p else []
    return [
        (mask, 1 if m * n_then > k * n_now else -1)
        for (mask, k, m), q in zip(groups, adjusted, strict=True)
        if q <= 0.05
    ]


def ratio_ranking(queries: Queries, windows: Windows, seed: int) -> Found:
    """The three groups with the largest ratio, tested by nothing."""
    groups = _flat(queries, windows, seed)
    ranked = sorted(groups, key=lambda g: -abs(np.log((g[2] + 0.5) / (g[1] + 0.5))))
    return [(mask, 1 if m > k else -1) for mask, k, m in ranked[:3]]


def verdicts() -> dict[str, Verdict]:
    """What is installed of those that say only whether two windows differ."""
    found = dict[str, Verdict]()
    if find_spec("evidently"):
        found |= _evidently()
    if find_spec("alibi_detect"):
        found["alibi-detect KSDrift, 32 axes"] = _kolmogorov_smirnov
    return found


def _evidently() -> dict[str, Verdict]:
    import pandas as pd
    from evidently.legacy.metrics.data_drift import embedding_drift_methods as methods

    def verdict(method: Callable[..., tuple[float, bool, str]]) -> Verdict:
        def drifted(queries: Queries, windows: Windows) -> bool:
            then, now = (
                pd.DataFrame(queries.matrix[windows.rows[window]]).add_prefix("axis_")
                for window in (~windows.is_current, windows.is_current)
            )
            return bool(method(now, then)[1])

        return drifted

    return {
        # The default up to 999 rows draws a threshold, from 1,000 it is a fixed AUC of 0.55.
        "Evidently, default (classifier)": verdict(methods.model()),
        "Evidently, classifier, bootstrap": verdict(methods.model(bootstrap=True)),
        "Evidently, MMD": verdict(methods.mmd()),
        "Evidently, MMD, bootstrap": verdict(methods.mmd(bootstrap=True)),
        "Evidently, share of drifted axes": verdict(methods.ratio()),
        "Evidently, distance of means": verdict(methods.distance()),
    }


def _kolmogorov_smirnov(queries: Queries, windows: Windows) -> bool:
    from alibi_detect.cd import KSDrift

    axes = principal_axes(queries.matrix[windows.rows])
    test = KSDrift(axes[~windows.is_current], p_val=0.05)
    return bool(test.predict(axes[windows.is_current])["data"]["is_drift"])
