"""Two windows of real queries with changes planted in them, for the tests of drift."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from llmops_lab.traces import Traces

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 14


def intents(shared):
    """Queries of CLINC150 by intent."""
    known = json.loads((shared / "data" / "clinc150" / "data_data_full.json").read_text())
    found: dict[str, list[str]] = {}
    for part in ("train", "val", "test"):
        for text, intent in known[part]:
            found.setdefault(intent, []).append(text)
    return found


class Planter:
    """Draws windows of queries: equal shares of all intents but those whose share is given."""

    def __init__(self, queries, *, seed, n_users=300):
        self.rng = np.random.default_rng(seed)
        self.queries = queries
        activity = self.rng.lognormal(0, 1, n_users)
        self.activity = activity / activity.sum()

    def rows(self, n, window, shares):
        others = [intent for intent in self.queries if intent not in shares]
        names = [*shares, *others]
        rest = (1 - sum(shares.values())) / len(others)
        p = [*shares.values(), *[rest] * len(others)]
        drawn = self.rng.choice(names, n, p=np.array(p) / sum(p))
        users = self.rng.choice(len(self.activity), n, p=self.activity)
        return [
            {
                "input_text": str(self.rng.choice(self.queries[intent])),
                "user_id": f"u{user}",
                "start_time": START + timedelta(days=DAYS * (window + self.rng.random())),
                "status": "error" if self.rng.random() < 0.05 else "ok",
                "duration_s": float(self.rng.lognormal()),
                "prompt_version": "v1",
                "intent": str(intent),
            }
            for intent, user in zip(drawn, users, strict=True)
        ]


def traces_of(rows, name):
    frame = pl.DataFrame([{**row, "span_id": f"{name}{i}"} for i, row in enumerate(rows)])
    return Traces.from_frame(frame)
