"""From a segment to cases, examples and a training file: each says where it came from, and
nothing that is held out gets in."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from llmops_lab._remedies.pool import pool
from llmops_lab.embeddings import embed
from llmops_lab.errors import LabError
from llmops_lab.golden import Case, GoldenSet, Source
from llmops_lab.remedies import few_shot, fine_tuning, propose_cases
from llmops_lab.segments import Segments
from llmops_lab.traces import Traces

TOPICS = ("parcel", "refund")
BAD = "Nobody knows, ask the courier about it."


def text(topic, i):
    kinds = (
        "where is my {} that I ordered, it should be here, code {}",
        "why was the {} sent back to the shop without a word, code {}",
        "can a neighbour of mine sign for this {} tomorrow, code {}",
        "how do I see the {} on a live map while it moves, code {}",
    )
    return kinds[i % 4].format(topic, "abcdefghijklmnopqrstuvwxyz"[i % 26] * 3)


def span(i):
    topic, disliked, liked = TOPICS[i // 40], i % 5 == 0, i % 5 in (1, 2)
    return {
        "span_id": f"s{i:02d}",
        "trace_id": f"t{i:02d}",
        "input_text": text(topic, i),
        "output_text": BAD if disliked or i == 1 else f"Look under Orders, line {i}, please.",
        "user_id": f"u{i % 20}",
        "conversation_id": f"c{i}",
        "status": "error" if i == 7 else "ok",
        "feedback": 0.0 if disliked else 1.0 if liked else None,
    }


def vectors(texts):
    """Topics apart, kinds of question apart within them, codes nearly the same."""
    rng = np.random.default_rng(0)
    words = {w: rng.normal(size=16) for t in texts for w in t.split()}
    return np.stack(
        [
            40 * np.eye(16)[0 if "parcel" in t else 1] + sum(words[w] for w in t.split())
            for t in texts
        ]
    )


@pytest.fixture(scope="module")
def found():
    frame = pl.DataFrame([span(i) for i in range(80)])
    traces = Traces.from_frame(frame.drop("feedback"))
    embeddings = embed(traces, embedder=vectors)
    rows = embeddings.frame.with_columns(
        frame["feedback"], negative_feedback=frame["feedback"] < 0.5
    )
    told = pl.DataFrame({"segment": [0, 1], "id": ["aa11", "bb22"], "name": ["parcel", "refund"]})
    membership = np.repeat([0, 1], 40)
    place = np.zeros((80, 2), dtype=np.float32)
    return Segments(told, membership, place, replace(embeddings, frame=rows))


def test_failed_traces_come_first_and_say_where_they_came_from(found):
    proposal = propose_cases(found, "parcel", n=12)
    assert proposal.n_traces == 40
    assert proposal.n_failed == 9
    kinds = [case.source.kind for case in proposal]
    assert kinds == sorted(kinds)  # "failure" stands before "trace"
    first = proposal.cases[0]
    assert first.status == "quarantined"
    assert first.label == "bad"
    assert first.tags == ["disliked"]
    assert first.expected == BAD
    assert first.metadata == {"segment_id": "aa11", "segment": "parcel"}
    row = next(span(i) for i in range(80) if f"t{i:02d}" == first.source.trace_id)
    assert (first.input, first.cluster) == (row["input_text"], row["user_id"])


def test_traces_of_which_nothing_tells_whether_they_failed_are_not_said_to_have_gone_well(found):
    untold = found.embeddings.frame.with_columns(
        status=pl.lit(None, pl.String), negative_feedback=pl.lit(None, pl.Boolean)
    )
    proposal = propose_cases(replace(found, embeddings=replace(found.embeddings, frame=untold)), 0)
    assert proposal.n_failed is None
    assert "40 traces; nothing says which failed" in str(proposal)


def test_a_trace_that_a_check_failed_counts_as_failed(found):
    first = pl.col("trace_id") == "t01"
    failed = pl.when(first).then(["grounded"]).otherwise(pl.lit([], pl.List(pl.String)))
    rows = found.embeddings.frame.with_columns(checks=pl.lit(["grounded"]), failed_checks=failed)
    judged = replace(found, embeddings=replace(found.embeddings, frame=rows))
    assert propose_cases(judged, 0).n_failed == 10
    assert pool(judged, 0).rows.filter(first)["failed_by"].to_list() == [["grounded failed"]]


def test_the_proposed_questions_differ_from_each_other(found):
    kinds = {case.input.split()[0] for case in propose_cases(found, 0, n=4)}
    assert len(kinds) == 4


def test_only_failures_when_asked_for(found):
    assert {c.source.kind for c in propose_cases(found, 0, n=40, only_failed=True)} == {"failure"}


def test_what_a_case_asks_already_is_not_proposed_again(found):
    all_of_it = propose_cases(found, 0, n=40)
    golden = GoldenSet().add([all_of_it.cases[0]])
    again = propose_cases(found, 0, golden, n=40)
    assert again.n_known >= 1
    assert all_of_it.cases[0].input not in [case.input for case in again]
    assert "asked by a golden case already" in str(again)


def test_cases_of_a_proposal_go_into_a_golden_set_once(found, tmp_path):
    golden = GoldenSet().save(tmp_path / "golden.jsonl")
    proposal = propose_cases(found, "bb22", n=3)
    golden = golden.add(proposal)
    assert len(golden.add(proposal)) == len(golden) == 3
    assert not golden.active


def test_an_answer_that_others_disliked_teaches_nothing(found):
    examples = fine_tuning(found, 0)
    answers = [example.answer for example in examples]
    assert answers
    assert BAD not in answers
    assert [why for _, why in examples.refused] == [f"others disliked: {BAD.casefold()}"]
    assert all(example.why == "liked" for example in examples)


def test_a_held_out_case_and_its_near_repeats_are_refused(found, tmp_path):
    liked = text("parcel", 2)
    held = Case(liked.replace("code ", "code: "), "Under Orders.", id="held", split="test")
    without_split = Case(text("parcel", 6), "Under Orders.", id="unsplit")
    examples = fine_tuning(found, 0, GoldenSet((held, without_split)))
    questions = {example.question for example in examples}
    assert liked not in questions
    assert text("parcel", 6) not in questions
    reasons = dict(examples.refused)
    assert reasons[liked] == "nearly repeats the held-out case held"
    assert "too near a held-out golden case" in str(examples)
    written = examples.save(tmp_path / "train.jsonl").read_text()
    assert liked not in written


def test_what_a_person_corrected_comes_first_when_its_split_may_teach(found):
    row = span(5)
    corrected = Case(
        row["input_text"], BAD, id="fixed", split="train", source=Source("trace", "t05")
    ).reviewed("jo", expected="It arrives on Monday.")
    unreviewed = Case(
        text("parcel", 9), "No.", id="raw", split="train", source=Source("trace", "t09")
    )
    examples = few_shot(found, 0, GoldenSet((corrected, unreviewed)), n=3)
    first = examples.examples[0]
    assert (first.why, first.answer, first.case_id) == (
        "corrected",
        "It arrives on Monday.",
        "fixed",
    )
    assert len(examples) == 3
    assert examples.messages[:2] == [
        {"role": "user", "content": row["input_text"]},
        {"role": "assistant", "content": "It arrives on Monday."},
    ]


def test_a_training_file_is_openais_chat_format_with_provenance_beside_it(found, tmp_path):
    examples = fine_tuning(found, "refund", system="Be brief.")
    path = examples.save(tmp_path / "train.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    origin = [
        json.loads(line) for line in (tmp_path / "train.provenance.jsonl").read_text().splitlines()
    ]
    assert len(lines) == len(origin) == len(examples)
    for line, come_from, example in zip(lines, origin, examples, strict=True):
        assert set(line) == {"messages"}
        assert [turn["role"] for turn in line["messages"]] == ["system", "user", "assistant"]
        assert line["messages"][2]["content"] == example.answer
        assert come_from["trace_id"] == example.trace_id
        assert come_from["segment_id"] == "bb22"


def test_a_segment_that_is_not_there_is_named_with_those_that_are(found):
    with pytest.raises(LabError, match=r"no segment 'lamp'; there are: 0 \(parcel\), 1 \(refund\)"):
        propose_cases(found, "lamp")


def test_segments_without_their_traces_say_how_to_get_them(found):
    bare = replace(found, embeddings=found.embeddings.take([]), membership=np.zeros(0, np.int64))
    with pytest.raises(LabError, match="assign"):
        propose_cases(bare, 0)


def test_nothing_good_is_no_file(found, tmp_path):
    rows = found.embeddings.frame.with_columns(feedback=pl.lit(None, pl.Float64))
    silent = replace(found, embeddings=replace(found.embeddings, frame=rows))
    with pytest.raises(LabError, match="no good answers"):
        fine_tuning(silent, 0).save(tmp_path / "train.jsonl")
    assert not (tmp_path / "train.jsonl").exists()


def test_what_leaves_a_segment_is_masked_unless_the_user_says_otherwise(found, monkeypatch):
    monkeypatch.setenv("LLMOPS_LAB_REDACTION_KEY", "a key of the team")
    embeddings = found.embeddings
    personal = pl.concat_str(pl.col("text"), pl.lit(" I am ana@example.com"))
    rows = embeddings.frame.with_columns(
        text=personal, output_text=pl.concat_str("output_text", pl.lit(" Write to bo@example.com"))
    )
    private = replace(found, embeddings=replace(embeddings, frame=rows))
    for take in (propose_cases, few_shot, fine_tuning):
        assert "@example.com" not in str(list(take(private, 0)))
        assert "[EMAIL_" in str(list(take(private, 0)))
        assert "ana@example.com" in str(list(take(private, 0, redacted=False)))
