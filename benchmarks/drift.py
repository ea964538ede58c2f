"""How often planted changes are found, and how often something is found where nothing changed.

    python benchmarks/drift.py FOLDER [--runs 40] [--embedder wordllama]
        [--parts planted calm hits reports time peers verdicts]

FOLDER holds clinc150/ (clinc/oos-eval) and banking77/ (PolyAI task-specific-datasets). A planted
intent counts as found when a reported segment changed its way and at least half of the
segment's rows in the window where it is larger are of that intent. The scan is the one of
`detect_drift`, which spends 60 % of its 5 % on shares; the ceiling is the same test given the
true intents as groups. Parts: `planted` changes, `calm` windows, `hits` counted in other ways,
whole `reports`, the `time` of a large scan. Not run unless named: `peers` (what a competent user
writes, UMAP, HDBSCAN, chi-square, Benjamini-Hochberg, and a ranking by ratio, top three; slow) and
`verdicts`, one per window, of Evidently and alibi-detect where they are installed.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from _drift_peers import Found, Method, notebook, ratio_ranking, verdicts
from _windows import PLANTED, Queries, Windows, independent, read_queries, users
from scipy import stats
from threadpoolctl import threadpool_limits

from llmops_lab._drift.comparison import Comparison
from llmops_lab._drift.findings import changed_shares
from llmops_lab._drift.reasons import named_metrics
from llmops_lab._drift.spending import ON_SHARES
from llmops_lab._scan.permutation import count_rows, scan_shares
from llmops_lab._scan.tree_scan import Nodes, candidate_nodes, principal_axes
from llmops_lab._scan.units import units_of
from llmops_lab.drift import DriftReport, detect_drift
from llmops_lab.embedders._embedder import embedders
from llmops_lab.embeddings import Embeddings

ALPHA = 0.05 * ON_SHARES
PARTS = ("planted", "calm", "hits", "reports", "time", "peers", "verdicts")


def scan_nodes(
    nodes: Nodes, windows: Windows, seed: int, *, by_row: bool = False
) -> tuple[Found, Found]:
    """What is named, and all that is significant."""
    unit = np.arange(len(windows.rows)) if by_row else windows.unit
    counts = count_rows(units_of(unit, windows.is_current), nodes.cell, nodes.members)
    result = scan_shares(counts, alpha=ALPHA, seed=seed)
    both = Comparison(pl.DataFrame(), windows.rows[:, None], windows.is_current, counts.units)
    changed = changed_shares(both, nodes, result, ALPHA)
    named = [(finding.rows, int(np.sign(finding.statistic))) for finding in changed]
    significant = np.flatnonzero(result.p_adjusted <= ALPHA).tolist()
    return named, [(nodes.rows(i), int(np.sign(result.statistic[i]))) for i in significant]


def tree_scan(queries: Queries, windows: Windows, seed: int) -> Found:
    axes = principal_axes(queries.matrix[windows.rows], seed=seed)
    return scan_nodes(candidate_nodes(axes, seed=seed), windows, seed)[0]


def by_row(queries: Queries, windows: Windows, seed: int) -> Found:
    axes = principal_axes(queries.matrix[windows.rows], seed=seed)
    return scan_nodes(candidate_nodes(axes, seed=seed), windows, seed, by_row=True)[0]


def ceiling(queries: Queries, windows: Windows, seed: int) -> Found:
    _, cell = np.unique(queries.intents[windows.rows], return_inverse=True)
    sizes = np.bincount(cell)
    members = np.eye(len(sizes), dtype=np.float32)[sizes >= max(8, 0.005 * len(cell))]
    return scan_nodes(Nodes(cell, members), windows, seed)[0]


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


def ways_to_count(
    mine: np.ndarray, sign: int, queries: Queries, windows: Windows, found: Found
) -> dict[str, bool]:
    """Whether the planted rows `mine` count as found, in the ways one may count."""
    intents, now = queries.intents[windows.rows], windows.is_current
    larger = now == (sign > 0)
    groups = [rows for rows, way in found if way == sign]

    def commonest(rows: np.ndarray) -> bool:
        names, counts = np.unique(intents[rows & larger], return_counts=True)
        return (rows & mine).any() and names[counts.argmax()] == intents[mine][0]

    def gained(rows: np.ndarray) -> int:
        return sign * int((rows & now).sum() - (rows & ~now).sum())

    each = {
        "half of it in the larger window": lambda g: (
            2 * (g & mine & larger).sum() >= (g & larger).sum()
        ),
        "commonest in the larger window": commonest,
        "half of what it gained": lambda g: 2 * gained(g & mine) >= gained(g) > 0,
        "holds half of the planted rows": lambda g: (
            2 * (g & mine & larger).sum() >= (mine & larger).sum()
        ),
        "Jaccard of 0.5": lambda g: 2 * (g & mine).sum() >= (g | mine).sum(),
    }
    return {name: any(map(way, groups)) for name, way in each.items()}


def count_hits(name: str, queries: Queries, n: int, runs: int) -> None:
    """Recall counted in other ways, of what is named and of all that is significant."""
    counted: dict[str, list[tuple[bool, bool]]] = {}
    for seed in range(runs):
        windows = independent(queries, n, PLANTED, seed)
        axes = principal_axes(queries.matrix[windows.rows], seed=seed)
        both = scan_nodes(candidate_nodes(axes, seed=seed), windows, seed)
        for intent, sign in windows.planted.items():
            mine = queries.intents[windows.rows] == intent
            named, all_of_them = (ways_to_count(mine, sign, queries, windows, f) for f in both)
            for way, hit in named.items():
                counted.setdefault(way, []).append((hit, all_of_them[way]))
    print(f"\n| {name}: a change counts when | named | any significant node |\n|" + " --- |" * 3)
    for way, hits in counted.items():
        named, significant = np.mean(hits, axis=0)
        print(f"| {way} | {named:.2f} | {significant:.2f} |", flush=True)


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


def measure_verdicts(queries: Queries, runs: int) -> None:
    """How often a verdict on the whole window falls, with three changes and without."""
    found = verdicts()
    if not found:
        print("\nneither Evidently nor alibi-detect is installed: no verdicts")
        return
    ours = {"ours: any segment": lambda q, w: bool(tree_scan(q, w, 0))}
    print("\n| verdict, 1,000 rows | runs | with 3 changes | none | users, none |")
    print("|" + " --- |" * 5)
    for name, verdict in (ours | found).items():
        cells = [
            np.mean([verdict(queries, draw(seed)) for seed in range(runs)])
            for draw in (
                lambda s: independent(queries, 1000, PLANTED, s),
                lambda s: independent(queries, 1000, (), s),
                lambda s: users(queries, 1000, "none", s),
            )
        ]
        print(f"| {name} | {runs} |" + "".join(f" {c:.2f} |" for c in cells), flush=True)


def measure_planted(clinc: Queries, banking: Queries, methods: list[Method], runs: int) -> None:
    """Three planted changes: windows of three sizes, and the harder intents."""
    for queries, name, n in (
        (clinc, "CLINC150", 500),
        (clinc, "CLINC150", 1000),
        (clinc, "CLINC150", 2000),
        (banking, "BANKING77", 1000),
    ):
        for method in methods:
            measure(
                f"{name}, 3 changes, {n:,} rows",
                queries,
                lambda s, q=queries, n=n: independent(q, n, PLANTED, s),
                method,
                runs,
            )


def measure_calm(clinc: Queries, runs: int) -> None:
    """No change, one user who asks a lot, a new intent of many users."""
    many = 5 * runs
    measure("no change, rows", clinc, lambda s: independent(clinc, 1000, (), s), tree_scan, many)
    for scenario, n in (("none", many), ("burst", runs), ("spread", runs)):
        measure(
            f"users, {scenario}",
            clinc,
            lambda s, x=scenario: users(clinc, 1000, x, s),
            tree_scan,
            n,
        )
    measure("users, none", clinc, lambda s: users(clinc, 1000, "none", s), by_row, min(runs, 20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--embedder", default="wordllama", choices=list(embedders))
    parser.add_argument("--parts", nargs="+", default=PARTS[:5], choices=PARTS)
    chosen = parser.parse_args()
    runs, parts = chosen.runs, chosen.parts
    clinc, banking = (
        read_queries(chosen.folder, name, embedders[chosen.embedder])
        for name in ("clinc150", "banking77")
    )
    print(f"{chosen.embedder}; false = share of runs with a segment that was not planted\n")
    if {"planted", "calm", "peers"} & set(parts):
        print(
            "| windows | method | runs | recall | purity | false (95 %) | CPU s |\n|" + " --- |" * 7
        )
    if "planted" in parts:
        measure_planted(clinc, banking, [tree_scan, ceiling], runs)
    if "peers" in parts:
        measure_planted(clinc, banking, [notebook, ratio_ranking], min(runs, 10))
        for method in (notebook, ratio_ranking):
            draw = lambda s: independent(clinc, 1000, (), s)  # noqa: E731
            measure("no change, rows", clinc, draw, method, min(runs, 10))
    if "calm" in parts:
        measure_calm(clinc, runs)
    if "hits" in parts:
        count_hits("CLINC150, 1,000 rows", clinc, 1000, runs)
        count_hits("CLINC150, 2,000 rows", clinc, 2000, runs)
        count_hits("BANKING77, 1,000 rows", banking, 1000, runs)
    if "reports" in parts:
        many = 5 * runs // 2
        measure_reports("rows, no change", clinc, lambda s: independent(clinc, 1000, (), s), many)
        measure_reports("users, no change", clinc, lambda s: users(clinc, 1000, "none", s), many)
    if "time" in parts:
        time_scan(clinc, 100_000)
    if "verdicts" in parts:
        measure_verdicts(clinc, min(runs, 20))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
