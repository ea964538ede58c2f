"""From tested nodes to segments a person can read: which, since when, by whom, how sure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.quality import typical
from llmops_lab._drift.since import since
from llmops_lab._scan.permutation import ScanResult
from llmops_lab._scan.tree_scan import Nodes, candidate_nodes, principal_axes
from llmops_lab._scan.units import Bools, Floats, Ints
from llmops_lab._scan.words import examples, telling_words
from llmops_lab._segments.described import named
from llmops_lab._segments.phrases import phrases, topical_terms, without_forms

# A segment emerges when its share was less than a quarter of what it is.
_NEW = 4.0
_SHARED = 0.2
_NEARLY = 0.9
_AS_STRONG = 0.8
_DOUBT_ROWS = 4
_MOST_COMPARED = 20_000
_BURST_UNITS = 3
_MOST_BURSTS = 5
_N_TREES = 5
# A tree over more rows costs more than it tells: 5 trees of 2,000 take half a second.
_MOST_STABILITY_ROWS = 2_000


@dataclass(frozen=True)
class Finding:
    """Rows that changed, the kind of change, and how sure it is."""

    rows: Bools
    kind: str
    statistic: float
    p_value: float
    p_adjusted: float
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


def disjoint(nodes: Sequence[Bools], order: Ints, taken: Bools) -> list[int]:
    """Positions in `order`, strongest first, of nodes that share no row with one before."""
    used, chosen = taken.copy(), list[int]()
    for i in order:
        if not (nodes[i] & used).any():
            used |= nodes[i]
            chosen.append(int(i))
    return chosen


def mostly_apart(masks: Sequence[Bools], strength: Floats, size: Floats) -> list[int]:
    """Positions of groups that share at most a fifth of their rows, the strongest first.

    Of groups that overlap the strongest and are nearly as strong, the one with the largest
    change (`size`) stands for all: it is the purest.
    """
    chosen: list[int] = []
    left = list(np.argsort(-strength, kind="stable"))
    while left:
        rivals = [i for i in left if _alike(masks[i], masks[left[0]])]
        near = [i for i in rivals if strength[i] >= _NEARLY * strength[left[0]]]
        best = max(near, key=lambda i: size[i])
        chosen.append(int(best))
        left = [i for i in left if i not in rivals and not _alike(masks[i], masks[best])]
    return chosen


def _alike(first: Bools, second: Bools) -> bool:
    return bool((first & second).sum() > _SHARED * min(first.sum(), second.sum()))


def purest_apart(masks: Sequence[Bools], strength: Floats, contrast: Floats) -> list[int]:
    """Positions of groups that share no row, the strongest first.

    Of groups that lie mostly inside one another, change the same way and are nearly as strong as
    the strongest (0.8 of it), the one with the largest `contrast` (−1 to 1) stands for all: the
    strongest often holds neighbours that did not change. What the strongest has beside that one
    stays free, and may hold another change. Found 0.02 more of planted changes and halved the
    mixed segments (docs/drift.md).
    """
    chosen: list[int] = []
    left = list(np.argsort(-strength, kind="stable"))
    while left:
        top = left[0]
        rivals = [
            i
            for i in left
            if strength[i] >= _AS_STRONG * strength[top]
            and contrast[i] * contrast[top] > 0
            and _inside(masks[i], masks[top])
        ]
        best = max(rivals, key=lambda i: abs(contrast[i]))
        chosen.append(int(best))
        left = [i for i in left if not (masks[i] & masks[best]).any()]
    return chosen


def _inside(first: Bools, second: Bools) -> bool:
    return bool((first & second).sum() > 0.5 * min(first.sum(), second.sum()))


def changed_shares(
    compared: Comparison, nodes: Nodes, result: ScanResult, alpha: float
) -> list[Finding]:
    """Disjoint nodes whose share changed, the strongest change first."""
    found = np.flatnonzero(result.p_adjusted <= alpha)
    masks = [nodes.rows(int(i)) for i in found]
    contrast = np.array([_contrast(compared, mask) for mask in masks])
    apart = purest_apart(masks, np.abs(result.statistic[found]), contrast)
    rows = {int(found[place]): masks[place] for place in apart}
    return [
        Finding(
            rows[i],
            kind_of(*compared.shares(rows[i])),
            float(result.statistic[i]),
            float(result.p_value[i]),
            float(result.p_adjusted[i]),
        )
        for i in rows
    ]


def _contrast(compared: Comparison, rows: Bools) -> float:
    """Share gained over the sum of both shares, drawn towards 0 as by 4 more rows."""
    then, now = compared.shares(rows)
    return (now - then) / (now + then + _DOUBT_ROWS / len(rows) * 2)


def kind_of(then: float, now: float) -> str:
    """Emerging, vanished, grown or shrunk."""
    if now > then:
        return "emerging" if then * _NEW < now else "grown"
    return "vanished" if now * _NEW < then else "shrunk"


def bursts(
    compared: Comparison, nodes: Nodes, result: ScanResult, taken: Bools, alpha: float
) -> list[Finding]:
    """Nodes that changed by row but not by unit, because at most three units made the change."""
    if compared.units.n_units == len(nodes.cell):
        return []
    p_row = _p_by_row(compared.is_current, nodes)
    least = alpha / max(1, len(nodes))
    found = np.flatnonzero((p_row <= least) & (result.p_adjusted > alpha))
    makers = {int(i): _makers(compared, nodes.rows(int(i)), least) for i in found}
    order = [i for i in sorted(makers, key=lambda i: p_row[i]) if makers[i]]
    masks = [
        nodes.rows(i) if makers.get(i) else np.zeros(0, dtype=np.bool_) for i in range(len(nodes))
    ]
    chosen = disjoint(masks, np.array(order, dtype=np.int64), taken)[:_MOST_BURSTS]
    return [
        Finding(
            masks[i],
            "burst",
            float(result.statistic[i]),
            float(result.p_value[i]),
            float(result.p_adjusted[i]),
            {"burst_users": len(makers[i]), "burst_by": compared.names(makers[i])},
        )
        for i in chosen
    ]


def _p_by_row(is_current: Bools, nodes: Nodes) -> Floats:
    """Exact two-sided p-value per node as if every row were independent (hypergeometric)."""
    from scipy.stats import hypergeom

    n, n_current = len(nodes.cell), int(is_current.sum())
    width = nodes.members.shape[1]
    total = nodes.members @ np.bincount(nodes.cell, minlength=width)
    now = nodes.members @ np.bincount(nodes.cell[is_current], minlength=width)
    above = hypergeom.sf(now - 1, n, total, n_current)
    below = hypergeom.cdf(now, n, total, n_current)
    return np.minimum(1, 2 * np.minimum(above, below))


def _makers(compared: Comparison, rows: Bools, least: float) -> list[int]:
    """The few units (at most three) that made the change of share; none when more did."""
    now, then = compared.is_current, ~compared.is_current
    scale = now.sum() / then.sum()
    excess = compared.per_unit(rows & now) - scale * compared.per_unit(rows & then)
    excess *= np.sign(excess.sum())
    order = np.argsort(-excess, kind="stable")
    for n_units in range(1, _BURST_UNITS + 1):
        if excess[order[:n_units]].sum() < 0.5 * excess.sum():
            continue
        kept = ~np.isin(compared.unit_of_row, order[:n_units])
        one = Nodes(rows[kept].astype(np.int64), np.array([[0, 1]], dtype=np.float32))
        if _p_by_row(compared.is_current[kept], one)[0] > least:
            return order[:n_units].tolist()
    return []


def described(
    compared: Comparison, findings: Sequence[Finding], values: dict[str, Floats]
) -> list[dict[str, Any]]:
    """One record per finding: names, words, examples, counts, shares, metrics then and now."""
    now, then = compared.is_current, ~compared.is_current
    shown = [f.rows & (then if f.kind == "vanished" else now) for f in findings]
    likest = [examples(compared.matrix, compared.texts, np.flatnonzero(rows)) for rows in shown]
    terms, names = _named(compared, shown, likest)
    stable = stability(compared, [f.rows for f in findings])
    return [
        {
            "segment": i,
            "kind": f.kind,
            "name": names[i],
            "words": terms[i],
            "words_current": _telling(compared, f.rows),
            "exemplars": likest[i],
            "n_baseline": int((f.rows & then).sum()),
            "n_current": int((f.rows & now).sum()),
            "users_baseline": compared.n_units(f.rows & then),
            "users_current": compared.n_units(f.rows & now),
            **_shares(compared, f.rows),
            "p_value": f.p_value,
            "p_adjusted": f.p_adjusted,
            "stability": stable[i],
            "since": since(compared, f.rows, values.get(f.extra.get("metric", ""))),
            "metric": f.extra.get("metric"),
            "burst_users": f.extra.get("burst_users"),
            "burst_by": f.extra.get("burst_by"),
            **_metrics(compared, f.rows, values),
        }
        for i, f in enumerate(findings)
    ]


def _named(
    compared: Comparison, shown: Sequence[Bools], likest: Sequence[list[str]]
) -> tuple[list[list[str]], list[str]]:
    """Phrases and name of each group, against at most 20,000 texts in all."""
    rows = np.arange(len(compared.texts))
    if len(rows) > _MOST_COMPARED:
        drawn = np.random.default_rng(compared.seed).choice(rows, _MOST_COMPARED, replace=False)
        few = [np.flatnonzero(group)[:_MOST_COMPARED] for group in shown]
        rows = np.unique(np.concatenate([drawn, *few]))
    texts = [compared.texts[row] for row in rows.tolist()]
    groups = [group[rows] for group in shown]
    terms = phrases(texts, groups)
    return terms, named(texts, groups, terms, likest)


def _telling(compared: Comparison, rows: Bools) -> list[str]:
    both = [np.flatnonzero(rows & window) for window in (compared.is_current, ~compared.is_current)]
    now, then = ([compared.texts[int(i)] for i in found] for found in both)
    return without_forms(telling_words(now, then, read=topical_terms))


def _shares(compared: Comparison, rows: Bools) -> dict[str, float]:
    share_baseline, share_current = compared.shares(rows)
    low, high = compared.share_interval(rows)
    return {
        "share_baseline": share_baseline,
        "share_current": share_current,
        "share_change": share_current - share_baseline,
        "share_change_low": low,
        "share_change_high": high,
    }


def _metrics(
    compared: Comparison, rows: Bools, values: dict[str, Floats]
) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, value in values.items():
        found[f"{name}_baseline"] = typical(name, value[rows & ~compared.is_current])
        found[f"{name}_current"] = typical(name, value[rows & compared.is_current])
    return found


def stability(compared: Comparison, groups: Sequence[Bools]) -> list[float]:
    """How well each group comes back when the tree is grown on resampled rows.

    The best Jaccard overlap with a node, mean of 5 trees: above 0.75 the group is solid, below
    0.5 its border is a matter of taste. Source: Hennig 2007 (clusterwise stability).
    """
    if not groups:
        return []
    rng = np.random.default_rng(compared.seed)
    n = len(compared.texts)
    axes = principal_axes(compared.matrix, seed=compared.seed)
    overlaps = np.zeros((_N_TREES, len(groups)))
    for tree in range(_N_TREES):
        drawn = np.unique(rng.integers(0, n, min(n, _MOST_STABILITY_ROWS)))
        nodes = candidate_nodes(axes[drawn], seed=tree)
        overlaps[tree] = [_best_overlap(nodes, group[drawn]) for group in groups]
    return [float(x) for x in overlaps.mean(axis=0)]


def _best_overlap(nodes: Nodes, group: Bools) -> float:
    if not len(nodes) or not group.any():
        return 0.0
    width = nodes.members.shape[1]
    shared = nodes.members @ np.bincount(nodes.cell[group], minlength=width)
    union = nodes.sizes + group.sum() - shared
    return float((shared / union).max())
