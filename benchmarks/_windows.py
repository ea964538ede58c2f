"""Pairs of windows drawn from labelled queries, with changes planted in them."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PLANTED = ((0.0, 0.03), (0.03, 0.0), (0.02, 0.05))
"""Share then and now: a new intent, one that is lost, one that grows."""


@dataclass(frozen=True)
class Queries:
    """Labelled queries and their vectors."""

    texts: list[str]
    intents: NDArray[np.str_]
    matrix: NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Rows of both windows: which query, which window, whose; and what was planted."""

    rows: NDArray[np.int64]
    is_current: NDArray[np.bool_]
    unit: NDArray[np.int64]
    planted: dict[str, int]


def read_queries(folder: Path, name: str, embedder: Callable[[Sequence[str]], NDArray]) -> Queries:
    """Every labelled query of clinc150 or banking77."""
    if name == "clinc150":
        parts = json.loads((folder / name / "data_data_full.json").read_text())
        pairs = [(t, i) for part in ("train", "val", "test") for t, i in parts[part]]
    else:
        files = sorted((folder / name).glob("*.csv"))
        pairs = [(r["text"], r["category"]) for f in files for r in csv.DictReader(f.open())]
    texts = [text for text, _ in pairs]
    return Queries(texts, np.array([intent for _, intent in pairs]), embedder(texts))


def independent(queries: Queries, n: int, changes: Sequence[tuple[float, float]], seed: int):
    """Windows of `n` rows, each row a unit; all other intents have equal shares."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(queries.intents))
    pools = {i: list(rng.permutation(np.flatnonzero(queries.intents == i))) for i in names}
    rows: list[int] = []
    for window in (0, 1):
        shares = np.array([change[window] for change in changes])
        rest = np.full(len(names) - len(changes), 1.0) * (1 - shares.sum())
        counts = rng.multinomial(n, np.r_[shares, rest / len(rest)])
        for intent, count in zip(names, counts, strict=True):
            pool = pools[intent]
            left = [pool.pop() for _ in range(min(count, len(pool)))]
            known = np.flatnonzero(queries.intents == intent)
            rows += left + list(rng.choice(known, count - len(left)))
    planted = {
        str(i): 1 if now > then else -1 for i, (then, now) in zip(names, changes, strict=False)
    }
    is_current = np.arange(2 * n) >= n
    return Windows(np.array(rows), is_current, np.arange(2 * n), planted)


def users(queries: Queries, n: int, scenario: str, seed: int, n_users: int = 300) -> Windows:
    """Heavy-tailed users who each ask about few things, most of them in both windows.

    `scenario` is "none", "burst" (one user asks 40 times for one intent) or "spread" (4 % of the
    current rows, whoever's they are, are about a new intent).
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(queries.intents))
    tastes = rng.choice(names[1:], (n_users, 4))
    rows, unit = [], []
    for _ in (0, 1):
        activity = rng.lognormal(0, 1.5, n_users) * (rng.random(n_users) < 0.7)
        who = rng.choice(n_users, n, p=activity / activity.sum())
        unit.append(who)
        rows.append(np.array([rng.choice(tastes[u]) for u in who]))
    is_current = np.arange(2 * n) >= n
    intents, unit = np.concatenate(rows), np.concatenate(unit)
    if scenario == "burst":
        intents[-40:], unit[-40:] = names[0], n_users
    if scenario == "spread":
        intents[is_current & (rng.random(2 * n) < 0.04)] = names[0]
    pools = {i: np.flatnonzero(queries.intents == i) for i in names}
    drawn = np.array([rng.choice(pools[i]) for i in intents])
    return Windows(drawn, is_current, unit, {str(names[0]): 1} if scenario == "spread" else {})
