"""Groups of queries whose answers got worse, tested by moving users between the windows."""

import numpy as np

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.findings import Finding, mostly_apart
from llmops_lab._drift.quality import Groups, can_be_tested, mean_change, metrics_of, scan_excess
from llmops_lab._scan.tree_scan import Nodes
from llmops_lab._scan.units import Bools, Floats, Ints
from llmops_lab._scan.words import same_stem

_BY_ANSWER = "negative_feedback_rate"
_BEYOND = 1.1


def worse_answers(
    both: Comparison, nodes: Nodes, values: dict[str, Floats], taken: Bools, alpha: float
) -> list[Finding]:
    """Groups whose answers got worse, over and above what got worse everywhere.

    Groups are nodes of the tree, queries that share a word and, for feedback, answers that
    share one (a refusal's words would explain a guardrail hit by itself); of groups that
    overlap the one with the largest change is named. Rows of segments reported
    already are left out, so that a new segment does not make its surroundings look worse.
    """
    groups, names = Groups([], []), list[str]()
    rows_of = [np.flatnonzero(nodes.rows(i)) for i in range(len(nodes))]
    rows_of += same_stem(both.texts)
    by_answer = same_stem(both.answers)
    for metric in metrics_of(both.frame):
        if not metric.worse:
            continue
        kept = np.where(taken, np.nan, values[metric.name])
        tried = rows_of + by_answer if metric.name == _BY_ANSWER else rows_of
        testable = [rows for rows in tried if can_be_tested(both.units, rows, kept)]
        groups.rows.extend(testable)
        groups.values.extend([kept] * len(testable))
        names += [metric.name] * len(testable)
    if not names:
        return []
    result = scan_excess(both.units, groups, alpha=alpha, seed=both.seed)
    bad = np.flatnonzero(result.p_adjusted <= alpha)
    bad = np.array([i for i in bad if _much_beyond(both, groups.rows[i], groups.values[i])], int)
    masks = [~taken & np.isin(np.arange(len(taken)), groups.rows[i]) for i in bad]
    change = [mean_change(both.units, groups.rows[i], groups.values[i]) for i in bad]
    chosen = mostly_apart(masks, result.statistic[bad], np.array(change))
    used, found = taken.copy(), list[Finding]()
    for place in chosen:
        i, rows = int(bad[place]), masks[place] & ~used
        used |= rows
        t, p, p_adjusted = (
            float(x[i]) for x in (result.statistic, result.p_value, result.p_adjusted)
        )
        found.append(Finding(rows, "worse", t, p, p_adjusted, {"metric": names[i]}))
    return found


def _much_beyond(both: Comparison, rows: Ints, values: Floats) -> bool:
    """Whether a group got worse by a tenth more than all did.

    Where everything fails now, a group in which nothing failed before is surely, and by next to
    nothing, above the others.
    """
    everywhere = mean_change(both.units, np.arange(len(values)), values)
    return mean_change(both.units, rows, values) > _BEYOND * everywhere
