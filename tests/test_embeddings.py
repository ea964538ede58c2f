"""Embeddings: which texts get a vector, and what a vector is."""

import json

import numpy as np
import polars as pl
import pytest

from llmops_lab.embedders._embedder import embedders
from llmops_lab.embeddings import embed
from llmops_lab.errors import LabError, MissingExtraError, UnknownPartError
from llmops_lab.traces import Traces


def traces_of(*texts, **columns):
    spans = [
        {"span_id": str(i), "input_text": text, "output_text": f"an answer to {i}"}
        for i, text in enumerate(texts)
    ]
    frame = pl.DataFrame(spans, schema_overrides={"input_text": pl.String})
    return Traces.from_frame(frame.with_columns(**columns))


def initials(texts):
    """A vector of letter counts: an embedder one can check by eye."""
    return np.array([[text.count("a"), text.count("b")] for text in texts], dtype=float)


def test_texts_shorter_than_three_words_are_set_aside_and_counted():
    found = embed(traces_of("where is my parcel", "hi there", None, "  ", "ok, thank you"))
    assert found.frame["text"].to_list() == ["where is my parcel", "ok, thank you"]
    assert found.n_set_aside == 3


def test_scripts_without_spaces_are_not_short_for_want_of_spaces():
    found = embed(traces_of("我的包裹在哪里", "你好"))
    assert found.frame["text"].to_list() == ["我的包裹在哪里"]


@pytest.mark.parametrize("name", embedders)
def test_every_vector_of_a_part_has_length_one_and_equal_texts_equal_vectors(name):
    traces = traces_of("send my parcel back", "a refund, please", "send my parcel back")
    try:
        found = embed(traces, embedder=name)
    except MissingExtraError as missing:
        pytest.skip(str(missing))
    assert found.matrix.dtype == np.float32
    assert np.linalg.norm(found.matrix, axis=1) == pytest.approx(1, abs=1e-5)
    assert (found.matrix[0] == found.matrix[2]).all()
    assert not (found.matrix[0] == found.matrix[1]).all()


def test_wordllama_finds_the_intent_of_a_query_among_its_neighbours(shared):
    queries = json.loads((shared / "data" / "clinc150" / "data_data_full.json").read_text())
    known, asked = queries["train"][::3], queries["test"][::15]
    vectors = embedders["wordllama"]([text for text, _ in known + asked])
    nearest = (vectors[len(known) :] @ vectors[: len(known)].T).argmax(axis=1)
    right = [known[i][1] == label for i, (_, label) in zip(nearest, asked, strict=True)]
    assert np.mean(right) > 0.75


def test_any_function_from_texts_to_vectors_is_an_embedder():
    found = embed(traces_of("a a b", "b b b"), embedder=initials)
    assert found.matrix == pytest.approx(np.array([[2, 1], [0, 5**0.5]]) / 5**0.5)
    assert found.embedder == "initials"


def test_the_output_can_be_embedded_instead():
    assert embed(traces_of("x"), text="output").frame["text"].to_list() == ["an answer to 0"]


@pytest.mark.parametrize(
    "wrong", [lambda _: np.zeros(3), lambda texts: np.full((len(texts), 2), np.nan)]
)
def test_an_embedder_that_answers_wrongly_is_named(wrong):
    with pytest.raises(LabError, match="embedder"):
        embed(traces_of("one two three"), embedder=wrong)


def test_unknown_names_list_what_there_is():
    with pytest.raises(UnknownPartError, match="wordllama"):
        embed(traces_of("one two three"), embedder="wordlama")
    with pytest.raises(LabError, match="input, first_input"):
        embed(traces_of("one two three"), text="inputs")


def test_the_digest_tells_texts_and_embedders_apart():
    first, same = (embed(traces_of("one two three")) for _ in range(2))
    other = embed(traces_of("one two four"))
    assert first.digest == same.digest != other.digest
    assert embed(traces_of("one two three"), embedder=initials).digest != first.digest


def test_no_traces_give_no_embeddings_and_say_so():
    found = embed(traces_of("hi"))
    assert len(found) == 0
    assert "1 set aside" in str(found)


def test_taking_rows_keeps_vectors_and_texts_together():
    found = embed(traces_of("one two three", "four five six", "seven eight nine"))
    taken = found.take(found.frame["text"].str.starts_with("f").to_numpy())
    assert taken.frame["text"].to_list() == ["four five six"]
    assert (taken.matrix[0] == found.matrix[1]).all()


def test_embedders_are_found_in_their_folder():
    assert "wordllama" in list(embedders)
