"""Do tomorrow's queries find today's segments, and are those of new topics set aside?

    python benchmarks/assign.py FOLDER [--runs 5] [--embedder wordllama] [--rows 9000]

FOLDER holds clinc150/ (clinc/oos-eval). In each run 30 of 150 intents are kept back; segments
come from two thirds of the queries of the others, once as `segment` finds them and once as the
true intents. Of the rest a query of a known intent is right in a segment that is at least a
fifth of its intent; a query of an intent kept back is right in none. Beside the landmarks of
`assign` stands one centroid a segment, with a limit at the same share of its members.
"""

import argparse
from pathlib import Path

import numpy as np
from _windows import read_queries

from llmops_lab._scan.landmarks import map_and_groups
from llmops_lab._segments.known import LIMIT_SHARE, known_of
from llmops_lab.embedders._embedder import embedders

N_KEPT_BACK = 30
LEAST = 0.2


def by_landmarks(matrix: np.ndarray, group: np.ndarray, later: np.ndarray) -> np.ndarray:
    known = known_of(matrix, group, np.zeros((len(matrix), 2), dtype=np.float32))
    return known.assigned(later)[0]


def by_centroid(matrix: np.ndarray, group: np.ndarray, later: np.ndarray) -> np.ndarray:
    sums = np.stack([matrix[group == s].sum(axis=0) for s in range(group.max() + 1)])
    limits = []
    for s, total in enumerate(sums):
        members = matrix[group == s]
        others = total - members
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        limits.append(np.quantile(1 - (members * others).sum(axis=1), LIMIT_SHARE))
    centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    far = 1 - later @ centres.T
    best = far.argmin(axis=1)
    return np.where(far[np.arange(len(far)), best] <= np.array(limits)[best], best, -1)


def shares(group: np.ndarray, intent: np.ndarray, found: np.ndarray, wanted: np.ndarray) -> list:
    """Of known intents: right, and in none; of others: in none."""
    belongs = np.zeros((group.max() + 2, intent.max() + 1), dtype=bool)
    for s in range(group.max() + 1):
        count = np.bincount(intent[group == s], minlength=belongs.shape[1])
        belongs[s] = count >= LEAST * count.sum()
    new = ~np.isin(wanted, intent)
    right = belongs[found, wanted] & (found >= 0)
    return [right[~new].mean(), (found < 0)[~new].mean(), (found < 0)[new].mean()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--embedder", default="wordllama")
    parser.add_argument("--rows", type=int, default=9000)
    chosen = parser.parse_args()
    queries = read_queries(chosen.folder, "clinc150", embedders[chosen.embedder])
    intents = np.unique(queries.intents, return_inverse=True)[1]
    results: dict[tuple[str, str], list[list[float]]] = {}
    for seed in range(chosen.runs):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(intents))[: chosen.rows]
        intent = intents[rows]
        back = rng.choice(intents.max() + 1, N_KEPT_BACK, replace=False)
        first = (np.arange(len(rows)) < len(rows) * 2 // 3) & ~np.isin(intent, back)
        last = np.arange(len(rows)) >= len(rows) * 2 // 3
        today, later = queries.matrix[rows][first], queries.matrix[rows][last]
        true = np.unique(intent[first], return_inverse=True)[1]
        for source, group in {
            "segments": map_and_groups(today, seed=seed)[1],
            "true intents": true,
        }.items():
            for name, method in {"landmarks": by_landmarks, "centroid": by_centroid}.items():
                found = method(today, group, later)
                row = shares(group, intent[first], found, intent[last])
                results.setdefault((source, name), []).append(row)
    print(f"{'segments':14} {'assigned by':12} {'known right':>11} {'in none':>8} {'new aside':>9}")
    for (source, name), rows in results.items():
        right, none, aside = np.mean(rows, axis=0)
        print(f"{source:14} {name:12} {right:11.3f} {none:8.3f} {aside:9.3f}")


if __name__ == "__main__":
    main()
