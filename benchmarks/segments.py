"""How long segments take and how well they fit known intents, beside UMAP + HDBSCAN and evoc.

    python benchmarks/segments.py FOLDER [--sizes 10000 20000 50000 100000] [--runs 1]
        [--data clinc150 banking77] [--methods landmarks umap evoc] [--embedder wordllama]
        [--jitter 0.02]

FOLDER holds clinc150/ (clinc/oos-eval) and banking77/ (PolyAI task-specific-datasets). Queries are
drawn with replacement up to each size and their vectors jittered (normal, in each number). Each
method runs in a process of its own, one after the other for each size, so that a slow moment of
the machine meets all of them; times include what numba compiles there, as in a fresh kernel.
`landmarks` is what `segment` does, its map included; the others give no map. AMI is the adjusted
mutual information with the true intents, queries of no segment counted as a group.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from _windows import read_queries

from llmops_lab._scan.landmarks import density_groups, map_and_groups
from llmops_lab.embedders._embedder import embedders, unit_length


def by_landmarks(matrix: np.ndarray, seed: int) -> np.ndarray:
    return map_and_groups(matrix, seed=seed)[1]


def by_umap(matrix: np.ndarray, seed: int) -> np.ndarray:
    """What a competent user writes: all rows, seeded."""
    import umap

    model = umap.UMAP(
        n_components=5, n_neighbors=15, min_dist=0.0, metric="cosine", random_state=seed
    )
    return density_groups(model.fit_transform(matrix))


def by_evoc(matrix: np.ndarray, seed: int) -> np.ndarray:
    import evoc

    return evoc.EVoC(random_state=seed).fit_predict(matrix)


METHODS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "landmarks": by_landmarks,
    "umap": by_umap,
    "evoc": by_evoc,
}


def drawn(path: Path, n: int, seed: int, jitter: float) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and intents of `n` queries."""
    known = np.load(path)
    chance = np.random.default_rng(seed)
    rows = chance.integers(0, len(known["matrix"]), n)
    noise = chance.normal(0, jitter, (n, known["matrix"].shape[1])).astype(np.float32)
    return unit_length(known["matrix"][rows] + noise), known["intents"][rows]


def measure(method: str, path: Path, n: int, seed: int, jitter: float) -> dict[str, float]:
    """One run in this process."""
    from sklearn.metrics import adjusted_mutual_info_score

    warnings.simplefilter("ignore")
    matrix, intents = drawn(path, n, seed, jitter)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    groups = METHODS[method](matrix, seed)
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "more_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "ami": float(adjusted_mutual_info_score(intents, groups)),
        "groups": len(set(groups[groups >= 0].tolist())),
        "none": float((groups < 0).mean()),
    }


def in_own_process(method: str, path: Path, *how: float) -> dict[str, float]:
    command = [sys.executable, __file__, str(path), "--one", method, *map(str, how)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(
    name: str, methods: list[str], found: dict[tuple[str, int], list[dict[str, float]]]
) -> None:
    """Medians of the runs, a line per size and method."""
    print(f"\n{name}\n")
    print("| queries | method | wall s | CPU s | MB more | AMI | segments | in none |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for n in sorted({n for _, n in found}):
        for method in methods:
            runs = found[method, n]
            wall, cpu, more, ami, groups, none = (
                float(np.median([run[key] for run in runs])) for key in runs[0]
            )
            print(
                f"| {n:,} | {method} | {wall:.1f} | {cpu:.1f} | {more:,.0f} | {ami:.3f}"
                f" | {groups:.0f} | {none:.0%} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 20_000, 50_000, 100_000])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--data", nargs="+", default=["clinc150", "banking77"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--embedder", default="wordllama")
    parser.add_argument("--jitter", type=float, default=0.02)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        method, n, seed, jitter = options.one
        found = measure(method, options.folder, int(n), int(seed), float(jitter))
        print(json.dumps(found))
        return
    methods = [m for m in options.methods if m != "evoc" or find_spec("evoc")]
    for name in options.data:
        queries = read_queries(options.folder, name, embedders[options.embedder])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "queries.npz"
            np.savez(path, matrix=queries.matrix, intents=queries.intents)
            runs: dict[tuple[str, int], list[dict[str, float]]] = {}
            for seed in range(options.runs):
                for n in options.sizes:
                    for method in methods:
                        run = in_own_process(method, path, n, seed, options.jitter)
                        print(f"{name} {n:,} {method}: {run}", file=sys.stderr, flush=True)
                        runs.setdefault((method, n), []).append(run)
        report(f"{name}, {options.embedder}, {options.runs} runs", methods, runs)


if __name__ == "__main__":
    main()
