"""How often planted changes are found, and how often something is found where nothing changed.

    python benchmarks/drift.py FOLDER [--runs 40] [--embedder wordllama] [--peers]

FOLDER holds clinc150/ (clinc/oos-eval) and banking77/ (PolyAI task-specific-datasets). A planted
intent counts as found when a reported segment changed its way and at least half of the
segment's rows in the window where it is larger are of that intent. The scan is the one of
`detect_drift`, which spends 60 % of its 5 % on shares; the ceiling is the same test given the
true intents as groups. `--peers` adds what a competent user writes (UMAP, HDBSCAN, chi-square,
Benjamini-Hochberg) and a ranking by ratio, top three; they are slow. alibi-detect needs numpy
below 2 and Evidently gives one number per window, so neither stands here.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from _windows import PLANTED, Queries, Windows, independent, read_queries, users
from scipy import stats
from threadpoolctl import threadpool_limits

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.findings import changed_shares
from llmops_lab._drift.reasons import named_metrics
from llmops_lab._drift.spending import ON_SHARES
from llmops_lab._scan.landmarks import density_groups, layout, nearest
from llmops_lab._scan.permutation import count_rows, scan_shares
from llmops_lab._scan.tree_scan import Nodes, candidate_nodes, principal_axes
from llmops_lab._scan.units import units_of
from llmops_lab.drift import DriftReport, detect_drift
from llmops_lab.embedders._embedder import embedders
from llmops_lab.embeddings import Embeddings

ALPHA = 0.05 * ON_SHARES


Found = list[tuple[np.ndarray, int]]
Method = Callable[[Queries, Windows, int], Found]


def scan_nodes(nodes: Nodes, windows: Windows, seed: int, *, by_row: bool = False) -> Found:
    unit = np.arange(len(windows.rows)) if by_row else windows.unit
    counts = count_rows(units_of(unit, windows.is_current), nodes.cell, nodes.members)
    result = scan_shares(counts, alpha=ALPHA, seed=seed)
    both = Comparison(pl.DataFrame(), windows.rows[:, None], windows.is_current, counts.units)
    changed = changed_shares(both, nodes, result, ALPHA)
    return [(finding.rows, int(np.sign(finding.statistic))) for finding in changed]


def tree_scan(queries: Queries, windows: Windows, seed: int) -> Found:
    axes = principal_axes(queries.matrix[windows.rows], seed=seed)
    return scan_nodes(candidate_nodes(axes, seed=seed), windows, seed)


def by_row(queries: Queries, windows: Windows, seed: int) -> Found:
    axes = principal_axes(queries.matrix[windows.rows], seed=seed)
    return scan_nodes(candidate_nodes(axes, seed=seed), windows, seed, by_row=True)


def ceiling(queries: Queries, windows: Windows, seed: int) -> Found:
    _, cell = np.unique(queries.intents[windows.rows], return_inverse=True)
    sizes = np.bincount(cell)
    members = np.eye(len(sizes), dtype=np.float32)[sizes >= max(8, 0.005 * len(cell))]
    return scan_nodes(Nodes(cell, members), windows, seed)


def _flat(queries: Queries, windows: Windows, seed: int) -> list[tuple[np.ndarray, int, int]]:
    """Flat clusters of UMAP(5) and HDBSCAN with their counts then and now."""
    matrix = queries.matrix[windows.rows]
    group = density_groups(layout(matrix, nearest(matrix, matrix, k=15), axes=5, seed=seed))
    masks = [group == g for g in range(group.max() + 1)]
    now = windows.is_current
    return [(mask, int((mask & ~now).sum()), int((mask & now).sum())) for mask in masks]


def notebook(queries: Queries, windows: Windows, seed: int) -> Found:
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
    groups = _flat(queries, windows, seed)
    ranked = sorted(groups, key=lambda g: -abs(np.log((g[2] + 0.5) / (g[1] + 0.5))))
    return [(mask, 1 if m > k else -1) for mask, k, m in ranked[:3]]


def judge(queries: Queries, windows: Windows, found: Found) -> tuple[set[str], int, list[float]]:
    """Planted intents found, segments that are none, and how pure the right ones are."""
    hits, wrong, purity = set[str](), 0, []
    intents = queries.intents[windows.rows]
    for rows, sign in found:
        names, counts = np.unique(
            intents[rows & (windows.is_current == (sign > 0))], return_counts=True
        )
        share = counts.max() / counts.sum() if len(counts) else 0
        top = str(names[counts.argmax()]) if len(counts) else ""
        if share >= 0.5 and windows.planted.get(top) == sign:
            hits.add(top)
            purity.append(share)
        else:
            wrong += 1
    return hits, wrong, purity


def measure(
    name: str, queries: Queries, draw: Callable[[int], Windows], method: Method, runs: int
) -> None:
    hits, planted, false, purity, start = 0, 0, 0, [], time.process_time()
    for seed in range(runs):
        windows = draw(seed)
        found, wrong, pure = judge(queries, windows, method(queries, windows, seed))
        hits, planted = hits + len(found), planted + len(windows.planted)
        false, purity = false + bool(wrong), purity + pure
    seconds = (time.process_time() - start) / runs
    low, high = stats.binomtest(false, runs).proportion_ci(method="wilson")
    recall = f"{hits / planted:.2f}" if planted else "–"
    pure = f"{np.mean(purity):.2f}" if purity else "–"
    print(
        f"| {name} | {method.__name__} | {runs} | {recall} | {pure} |"
        f" {false / runs:.3f} ({low:.3f}–{high:.3f}) | {seconds:.2f} |",
        flush=True,
    )


def whole_report(queries: Queries, windows: Windows, seed: int) -> DriftReport:
    """The report of these windows, with failures, costs and durations that did not change."""
    rng = np.random.default_rng(seed)
    n = len(windows.rows)
    habit = rng.lognormal(0, 1, int(windows.unit.max()) + 1)[windows.unit]
    frame = pl.DataFrame(
        {
            "trace_id": [str(i) for i in range(n)],
            "text": [queries.texts[i] for i in windows.rows],
            "user_id": [str(u) for u in windows.unit],
            "status": np.where(rng.random(n) < 0.05, "error", "ok"),
            "cost_usd": 0.001 * habit * rng.lognormal(0, 1, n),
            "duration_s": rng.lognormal(0, 1, n),
        }
    )
    both = Embeddings(queries.matrix[windows.rows], frame, "", "")
    return detect_drift(both.take(~windows.is_current), both.take(windows.is_current))


def named(report: DriftReport) -> list[str]:
    """What of the parts that alpha is spent on names something."""
    kinds = report.frame.filter(pl.col("kind") != "burst")["kind"]
    parts = {
        "segments": (kinds != "worse").any(),
        "worse answers": (kinds == "worse").any(),
        "metrics": named_metrics(report).height > 0,
    }
    flagged = report.signals.filter("flagged")["name"].to_list()
    return [part for part, there in parts.items() if there] + flagged


def measure_reports(name: str, queries: Queries, draw: Callable[[int], Windows], runs: int) -> None:
    """How often a whole report names anything, and by which of its parts."""
    start = time.process_time()
    parts = [named(whole_report(queries, draw(seed), seed)) for seed in range(runs)]
    found = sum(bool(part) for part in parts)
    low, high = stats.binomtest(found, runs).proportion_ci(method="wilson")
    seconds = (time.process_time() - start) / runs
    print(
        f"\n{name}: {found} of {runs} whole reports name something ({low:.3f}–{high:.3f}),"
        f" {dict(Counter(part for each in parts for part in each))}, {seconds:.1f} CPU s each",
        flush=True,
    )


def time_scan(queries: Queries, n: int) -> None:
    """CPU seconds of the scan of `n` rows drawn again and again, each moved a little."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(queries.texts), n)
    matrix = queries.matrix[rows] + rng.normal(0, 0.01, (n, queries.matrix.shape[1]))
    moved = Queries(queries.texts, queries.intents, matrix.astype(np.float32))
    windows = Windows(np.arange(n), np.arange(n) >= n // 2, rng.zipf(1.5, n) % (n // 5), {})
    start = time.process_time()
    tree_scan(moved, windows, 0)
    print(f"\nthe scan of {n:,} rows takes {time.process_time() - start:.1f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--embedder", default="wordllama", choices=list(embedders))
    parser.add_argument("--peers", action="store_true")
    chosen = parser.parse_args()
    runs = chosen.runs
    clinc, banking = (
        read_queries(chosen.folder, name, embedders[chosen.embedder])
        for name in ("clinc150", "banking77")
    )
    print(f"{chosen.embedder}; false = share of runs with a segment that was not planted\n")
    print("| windows | method | runs | recall | purity | false (95 %) | CPU s |\n|" + " --- |" * 7)
    methods = [tree_scan, ceiling] + [notebook, ratio_ranking] * chosen.peers
    for n in (500, 1000, 2000):
        for method in methods:
            few = runs if method in (tree_scan, ceiling) else min(runs, 10)
            measure(
                f"CLINC150, 3 changes, {n:,} rows",
                clinc,
                lambda s, n=n: independent(clinc, n, PLANTED, s),
                method,
                few,
            )
    for method in (tree_scan, ceiling):
        measure(
            "BANKING77, 3 changes, 1,000 rows",
            banking,
            lambda s: independent(banking, 1000, PLANTED, s),
            method,
            runs,
        )
    measure(
        "no change, rows", clinc, lambda s: independent(clinc, 1000, (), s), tree_scan, 5 * runs
    )
    for scenario in ("none", "burst", "spread"):
        many = 5 * runs if scenario == "none" else runs
        measure(
            f"users, {scenario}",
            clinc,
            lambda s, x=scenario: users(clinc, 1000, x, s),
            tree_scan,
            many,
        )
    measure("users, none", clinc, lambda s: users(clinc, 1000, "none", s), by_row, min(runs, 20))
    many = 5 * runs // 2
    measure_reports("rows, no change", clinc, lambda s: independent(clinc, 1000, (), s), many)
    measure_reports("users, no change", clinc, lambda s: users(clinc, 1000, "none", s), many)
    time_scan(clinc, 100_000)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
