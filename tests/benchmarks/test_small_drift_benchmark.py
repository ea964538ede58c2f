"""The benchmark of drift in small: enough runs to notice that the scan broke."""

import importlib
import sys
from pathlib import Path

import pytest

from llmops_lab.embedders._embedder import embedders

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("drift")
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def queries(bench, shared):
    return bench.read_queries(shared / "data", "clinc150", embedders["wordllama"])


def judged(bench, queries, draw, runs):
    windows = [draw(seed) for seed in range(runs)]
    return [
        bench.judge(queries, w, bench.tree_scan(queries, w, seed)) for seed, w in enumerate(windows)
    ]


@pytest.mark.slow
def test_planted_changes_are_found_about_as_often_as_measured(bench, queries):
    found = judged(
        bench, queries, lambda s: bench.independent(queries, 1000, bench.PLANTED, s), runs=8
    )
    # 0.65 of 40 runs; 24 plants leave a standard deviation of 0.1.
    assert sum(len(hits) for hits, _, _ in found) / 24 > 0.4


@pytest.mark.slow
def test_users_without_a_change_raise_few_alarms_and_a_new_intent_of_theirs_is_found(
    bench, queries
):
    calm = judged(bench, queries, lambda s: bench.users(queries, 1000, "none", s), runs=12)
    assert sum(bool(wrong) for _, wrong, _ in calm) <= 2
    spread = judged(bench, queries, lambda s: bench.users(queries, 1000, "spread", s), runs=8)
    assert sum(bool(hits) for hits, _, _ in spread) >= 6
