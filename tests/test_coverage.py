"""Which live segments have golden cases, on vectors laid out by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from llmops_lab._segments.known import known_of
from llmops_lab.coverage import find_gaps
from llmops_lab.embeddings import Embeddings
from llmops_lab.errors import LabError
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.plots import plot
from llmops_lab.segments import Segments

TOPICS = ("parcel", "refund", "kettle")


def by_topic(texts):
    """One axis per topic; the rest of a text turns it a little."""
    found = np.zeros((len(texts), 4), dtype=np.float32)
    for row, text in zip(found, texts, strict=True):
        for axis, topic in enumerate(TOPICS):
            row[axis] = topic in text
        row[3] = 0.1 if row.any() else 1
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def segments():
    texts = [f"about the {TOPICS[i % 3]}, number {i}" for i in range(60)]
    turn = np.random.default_rng(0).normal(0, 0.05, (60, 4)).astype(np.float32)
    matrix = by_topic(texts) + turn
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    membership = np.arange(60) % 3
    place = np.zeros((60, 2), dtype=np.float32)
    told = pl.DataFrame(
        {
            "segment": [0, 1, 2],
            "id": ["a", "b", "c"],
            "name": TOPICS,
            "n": [20, 20, 20],
            "share": [0.2, 0.5, 0.3],
        }
    )
    embeddings = Embeddings(matrix, pl.DataFrame({"text": texts}), "by_topic", "")
    return Segments(told, membership, place, embeddings, known_of(matrix, membership, place))


GOLDEN = GoldenSet(
    (
        Case("where is the parcel", id="p1"),
        Case(
            [{"role": "user", "content": "hi"}, {"role": "user", "content": "my parcel"}], id="p2"
        ),
        Case("where is the refund", id="r1", status="quarantined"),
        Case("the kettle", id="k1", status="archived"),
        Case("who won the cup", id="w1"),
    )
)


def test_each_segment_counts_its_cases_by_whether_an_eval_runs_them(segments):
    found = find_gaps(GOLDEN, segments, embedder=by_topic)
    rows = {row["name"]: row for row in found.frame.iter_rows(named=True)}
    assert rows["parcel"]["cases"] == ["p1", "p2"]
    assert (rows["parcel"]["n_cases"], rows["parcel"]["n_to_review"]) == (2, 0)
    assert (rows["refund"]["n_cases"], rows["refund"]["n_to_review"]) == (0, 1)
    assert (rows["kettle"]["n_cases"], rows["kettle"]["n_to_review"]) == (0, 0)
    assert found.outside == ("w1",)
    assert found.frame["name"].to_list() == ["refund", "kettle", "parcel"]


def test_what_is_missing_is_said_in_a_sentence(segments):
    found = find_gaps(GOLDEN, segments, embedder=by_topic)
    assert found.says == "2 of 3 segments, 80.0 % of traffic, have no case: refund; kettle"
    assert "1 case in no segment" in str(found)
    whole = GoldenSet(tuple(Case(f"the {topic}", id=topic) for topic in TOPICS))
    assert find_gaps(whole, segments, embedder=by_topic).says == "each of 3 segments has a case"


def test_a_gap_names_the_case_that_comes_nearest(segments):
    found = find_gaps(GOLDEN, segments, embedder=by_topic)
    kettle = found.frame.row(by_predicate=pl.col("name") == "kettle", named=True)
    assert kettle["nearest_case"] in ("p1", "p2", "r1", "w1")
    assert 0 <= kettle["likeness"] < 0.5


def test_no_case_at_all_is_no_fault(segments):
    found = find_gaps(GoldenSet(), segments, embedder=by_topic)
    assert found.says.startswith("3 of 3 segments, 100 % of traffic")
    assert found.frame["nearest_case"].to_list() == [None] * 3


def test_an_embedder_that_is_not_at_hand_or_of_another_length_is_told(segments):
    with pytest.raises(LabError, match="give its function as embedder="):
        find_gaps(GOLDEN, segments)
    with pytest.raises(LabError, match="this embedder gives 2"):
        find_gaps(GOLDEN, segments, embedder=lambda texts: np.ones((len(texts), 2)))
    with pytest.raises(LabError, match="keep no landmarks"):
        find_gaps(GOLDEN, replace(segments, landmarks=None), embedder=by_topic)


def test_the_chart_tells_segments_with_and_without_cases_apart(segments):
    spec = plot(find_gaps(GOLDEN, segments, embedder=by_topic)).to_dict()
    rows = spec["data"]["values"] if "data" in spec else spec["layer"][0]["data"]["values"]
    assert [(row["name"], row["kind"], row["cases"]) for row in rows] == [
        ("2. refund", "only cases to review", "0"),
        ("3. kettle", "no case", "0"),
        ("1. parcel", "cases", "2"),
    ]
    assert "my parcel" not in str(spec)
