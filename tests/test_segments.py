"""Segments: real queries of known intents, grouped and named."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from llmops_lab._scan.landmarks import follow, nearest
from llmops_lab._segments.described import described
from llmops_lab.embeddings import Embeddings, embed
from llmops_lab.errors import LabError
from llmops_lab.segments import Segments, assign, segment
from llmops_lab.traces import Traces

INTENTS = ("freeze_account", "recipe", "oil_change_when", "vaccines", "tire_pressure", "flip_coin")


@pytest.fixture(scope="module")
def queries(shared):
    known = json.loads((shared / "data" / "clinc150" / "data_data_full.json").read_text())
    return [(text, intent) for text, intent in known["train"] if intent in INTENTS]


@pytest.fixture(scope="module")
def embeddings(queries):
    spans = [
        {
            "span_id": f"{i:04d}",
            "input_text": text,
            "user_id": f"u{i % 50}",
            "status": "error" if intent == "recipe" else "ok",
            "duration_s": 1.0 + i % 3,
        }
        for i, (text, intent) in enumerate(queries)
    ]
    return embed(Traces.from_frame(pl.DataFrame(spans)))


@pytest.fixture(scope="module")
def found(embeddings):
    return segment(embeddings)


@pytest.fixture(scope="module")
def intents(embeddings, queries):
    known = dict(queries)
    return np.array([known[text] for text in embeddings.frame["text"]])


@pytest.mark.slow
def test_segments_are_the_intents_people_had(found, intents):
    from sklearn.metrics import adjusted_mutual_info_score

    assert adjusted_mutual_info_score(intents, found.membership) > 0.8
    assert found.frame["n"].is_sorted(descending=True)
    assert found.frame["n"].sum() == (found.membership >= 0).sum()
    assert found.frame["share"].sum() == pytest.approx((found.membership >= 0).mean())


@pytest.mark.slow
def test_a_segment_is_named_by_the_words_its_people_use(found, intents):
    for intent, said in [("oil_change_when", "oil"), ("flip_coin", "coin"), ("recipe", "recipe")]:
        segment_found = _segment_of(found, intents, intent)
        assert any(said in term for term in segment_found["words"])
        assert any(said in text for text in segment_found["exemplars"])


@pytest.mark.slow
def test_a_segment_carries_its_failures_and_users(found, intents):
    recipe = _segment_of(found, intents, "recipe")
    assert recipe["error_rate"] > 0.9
    assert _segment_of(found, intents, "flip_coin")["error_rate"] < 0.1
    assert recipe["n_users"] == found.rows(recipe["segment"])["user_id"].n_unique()


@pytest.mark.slow
def test_segments_do_not_depend_on_the_order_of_the_rows(found, embeddings):
    order = np.random.default_rng(0).permutation(len(embeddings))
    again = segment(embeddings.take(order))
    assert (again.membership == found.membership[order]).mean() > 0.999
    assert np.abs(again.positions - found.positions[order]).max() < 1e-3


def _segment_of(found, intents, intent):
    members = found.membership[intents == intent]
    number = int(np.bincount(members[members >= 0]).argmax())
    return found.frame.row(number, named=True)


def test_neighbours_are_the_nearest_by_cosine():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index, distance = nearest(vectors, vectors, k=4)
    assert (index == np.argsort(1 - vectors @ vectors.T, axis=1)[:, :4]).all()
    assert distance[:, 0] == pytest.approx(0, abs=1e-5)


def test_rows_that_are_no_landmark_go_where_their_neighbours_are():
    angles = np.array([0, 0.1, 0.05, 1.5, 1.6, 1.55])
    matrix = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    chosen, groups = np.array([0, 1, 3, 4]), np.array([0, 0, 1, 1])
    spots = np.array([[0, 0], [0, 1], [9, 9], [9, 8]], dtype=np.float32)
    positions, membership = follow(matrix, chosen, spots, groups)
    assert membership.tolist() == [0, 0, 0, 1, 1, 1]
    assert (positions[[0, 1, 3, 4]] == spots).all()
    assert positions[2] == pytest.approx([0, 0.5], abs=0.1)


@pytest.mark.slow
def test_saved_segments_are_found_again_in_other_traces(found, embeddings, tmp_path):
    saved = Segments.load(found.save(tmp_path / "week1.parquet"))
    assert saved.frame.equals(found.frame)
    again = assign(embeddings, saved)
    inside = found.membership >= 0
    assert (again.membership == found.membership)[inside].mean() > 0.85
    assert again.frame["id"].to_list() == found.frame["id"].to_list()
    assert again.frame["n"].sum() == (again.membership >= 0).sum()
    # What is assigned twice is the same, whatever else is assigned beside it.
    assert (assign(embeddings.take([3, 1]), saved).membership == again.membership[[3, 1]]).all()


@pytest.mark.slow
def test_queries_of_an_intent_never_seen_are_new_to_all_segments(found, shared):
    known = json.loads((shared / "data" / "clinc150" / "data_data_full.json").read_text())
    texts = [text for text, intent in known["train"] if intent in ("mpg", "spelling", "calories")]
    spans = [{"span_id": str(i), "input_text": text} for i, text in enumerate(texts)]
    new = assign(embed(Traces.from_frame(pl.DataFrame(spans))), found)
    assert (new.membership < 0).mean() > 0.8
    assert "new to all segments (10 to 20 %" in str(new)


@pytest.mark.slow
def test_next_week_the_same_topics_keep_their_ids(found, embeddings, intents):
    half = np.arange(len(embeddings)) % 2 == 1
    kept = embeddings.take(half & (intents != "recipe"))
    week = segment(kept, known=found)
    fates = dict(week.changes.select("id", "fate").iter_rows())
    recipe = _segment_of(found, intents, "recipe")["id"]
    assert fates.pop(recipe) == "disappeared"
    # With half the queries, small segments of one intent come together; nothing is new.
    assert set(fates.values()) <= {"continued", "merged"}
    assert set(week.frame["id"]) == {name for name, fate in fates.items() if fate == "continued"}
    names = dict(found.frame.select("id", "name").iter_rows())
    assert all(names[row["id"]] == row["name"] for row in week.frame.iter_rows(named=True))
    assert "disappeared" in str(week)


@pytest.mark.slow
def test_a_coarser_level_holds_whole_segments(found):
    coarse = found.level(3)
    assert len(coarse) == 3
    for members in (found.membership == s for s in range(len(found))):
        assert len(set(coarse.membership[members])) == 1
    assert (coarse.membership < 0).tolist() == (found.membership < 0).tolist()


@pytest.mark.slow
def test_over_time_every_query_is_counted_in_its_week(found, embeddings):
    weeks = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=7 * (i % 2)) for i in range(600)]
    frame = embeddings.frame.with_columns(start_time=pl.Series(weeks[: len(embeddings)]))
    dated = assign(replace(embeddings, frame=frame), found)
    weekly = dated.over_time("1w")
    assert weekly["n"].sum() == len(embeddings)
    assert (
        weekly.group_by("time").agg(pl.col("share").sum())["share"].to_list()
        == [pytest.approx(1)] * 2
    )
    assert weekly.filter(segment=0)["id"].n_unique() == 1
    with pytest.raises(LabError, match="no length of time"):
        dated.over_time("weekly")


@pytest.mark.slow
def test_texts_embedded_otherwise_are_refused(found, embeddings):
    other = replace(embeddings, embedder="minilm")
    with pytest.raises(LabError, match="embed them with embedder='wordllama'"):
        assign(other, found)
    narrow = replace(embeddings, matrix=embeddings.matrix[:, :9])
    with pytest.raises(LabError, match="numbers"):
        segment(narrow, known=found)


def test_a_handful_of_queries_makes_no_segments_and_says_so():
    frame = pl.DataFrame(
        {"text": ["one two three"] * 3, "user_id": ["a"] * 3, "status": ["ok"] * 3}
    ).with_columns(negative_feedback=pl.lit(None, pl.Boolean), cost_usd=0.1, duration_s=pl.lit(1.0))
    found = segment(Embeddings(np.eye(3, dtype=np.float32), frame, "by hand", ""))
    assert len(found) == 0
    assert "Too few queries" in str(found)


def test_trace_text_never_becomes_markup():
    frame = pl.DataFrame({"text": ["<script>alert(1)</script> one two"] * 40, "user_id": "a"})
    embeddings = Embeddings(np.ones((40, 1), dtype=np.float32), frame, "by hand", "")
    membership = np.zeros(40, dtype=np.int64)
    told = described(frame, embeddings.matrix, membership, np.zeros(1, dtype=np.int64), "by hand")
    shown = Segments(told, membership, np.zeros((40, 2)), embeddings)._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_segments_say_the_days_of_their_queries():
    texts = [f"where is parcel {i} that I sent" for i in range(12)]
    days = [datetime(2026, 3, 2 + i, tzinfo=UTC) for i in range(12)]
    spans = pl.DataFrame({"span_id": texts, "input_text": texts, "start_time": days})
    found = segment(embed(Traces.from_frame(spans)))
    assert "; 2 to 13 Mar 2026" in str(found)


def test_traces_without_texts_have_no_segments_and_the_table_says_why():
    spans = pl.DataFrame({"span_id": ["a"], "duration_s": [1.0]})
    found = str(segment(embed(Traces.from_frame(spans))))
    assert "No trace has a text of three words or more" in found
    assert "earlier" not in found
