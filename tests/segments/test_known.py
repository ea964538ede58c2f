"""How well tomorrow's queries find the segments of today: measured on CLINC150."""

import json

import numpy as np
import pytest

from llmops_lab._segments.known import MOST_LANDMARKS, known_of
from llmops_lab.embedders._embedder import embedders

N_HELD_OUT = 30


@pytest.fixture(scope="module")
def clinc(shared):
    data = json.loads((shared / "data" / "clinc150" / "data_data_full.json").read_text())
    queries = [query for part in ("train", "val", "test") for query in data[part]]
    rng = np.random.default_rng(0)
    intents = sorted({intent for _, intent in queries})
    held = set(rng.choice(intents, N_HELD_OUT, replace=False).tolist())
    drawn = [queries[i] for i in rng.permutation(len(queries))[:9000]]
    matrix = embedders["wordllama"]([text for text, _ in drawn])
    intent = np.array([name for _, name in drawn])
    return matrix, intent, np.isin(intent, list(held))


@pytest.mark.slow
def test_new_queries_of_known_intents_are_assigned_and_those_of_others_set_aside(clinc):
    matrix, intent, held = clinc
    first = (np.arange(len(intent)) < 6000) & ~held
    names, membership = np.unique(intent[first], return_inverse=True)
    known = known_of(matrix[first], membership, np.zeros((first.sum(), 2), dtype=np.float32))
    later = np.arange(len(intent)) >= 6000
    assigned, _ = known.assigned(matrix[later])
    right = names[assigned.clip(min=0)] == intent[later]
    seen = ~held[later]
    assert ((assigned >= 0) & right)[seen].mean() > 0.72
    assert (assigned[seen] < 0).mean() < 0.2
    assert (assigned[~seen] < 0).mean() > 0.6


def test_nine_in_ten_members_are_within_their_segments_limit():
    rng = np.random.default_rng(0)
    matrix = rng.normal(0, 0.1, (400, 8)).astype(np.float32)
    matrix[:200, 0] += 1
    matrix[200:, 1] += 1
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    membership = np.repeat([0, 1], 200)
    known = known_of(matrix, membership, np.zeros((400, 2), dtype=np.float32))
    assert (known.segment == 0).sum() == MOST_LANDMARKS
    fresh = rng.normal(0, 0.1, (1000, 8)).astype(np.float32)
    fresh[:, 0] += 1
    fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
    assigned, _ = known.assigned(fresh)
    assert (assigned == 0).mean() == pytest.approx(0.9, abs=0.06)
    assert not (assigned == 1).any()


def test_equal_texts_leave_room_for_no_other():
    matrix = np.tile(np.array([[1, 0]], dtype=np.float32), (20, 1))
    known = known_of(matrix, np.zeros(20, dtype=np.int64), np.zeros((20, 2), dtype=np.float32))
    assigned, _ = known.assigned(np.array([[1, 0], [0.9, 0.436]], dtype=np.float32))
    assert assigned.tolist() == [0, -1]


def test_without_segments_everything_is_new():
    known = known_of(
        np.eye(3, dtype=np.float32), np.full(3, -1), np.zeros((3, 2), dtype=np.float32)
    )
    assert known.assigned(np.eye(3, dtype=np.float32))[0].tolist() == [-1, -1, -1]
