"""Which text of a trace is embedded, and how a long one is cut."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_lab._embedded.texts import chunks
from llmops_lab.embeddings import embed
from llmops_lab.traces import Traces

SAID = [
    ("system", "You help with parcels."),
    ("user", "where is my parcel"),
    ("assistant", "Which number does it have?"),
    ("user", "it has number seven"),
]


def message(role, text):
    return {"role": role, "parts": [{"type": "text", "content": text}]}


@pytest.fixture
def conversation():
    """One trace: a call that saw one message, a call that saw four, and the answer."""
    history = [message(role, text) for role, text in SAID]
    spans = {
        "trace_id": ["t", "t"],
        "span_id": ["a", "b"],
        "parent_span_id": [None, "a"],
        "input_text": [SAID[3][1], SAID[3][1]],
        "output_text": ["It comes tomorrow.", None],
        "input_messages": [json.dumps(history[3:]), json.dumps(history)],
    }
    return Traces.from_frame(pl.DataFrame(spans))


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ("input", "it has number seven"),
        ("first_input", "where is my parcel"),
        ("output", "It comes tomorrow."),
        (
            "conversation",
            "where is my parcel\nWhich number does it have?\nit has number seven\n"
            "It comes tomorrow.",
        ),
    ],
)
def test_the_text_that_is_embedded_is_a_choice(conversation, choice, text):
    assert embed(conversation, text=choice).frame["text"].to_list() == [text]


@pytest.mark.parametrize("choice", ["first_input", "conversation"])
def test_without_messages_what_was_asked_and_answered_is_the_conversation(choice):
    spans = {"span_id": ["a"], "input_text": ["where is it"], "output_text": ["on its way"]}
    found = embed(Traces.from_frame(pl.DataFrame(spans)), text=choice).frame["text"][0]
    assert found == ("where is it" if choice == "first_input" else "where is it\non its way")


@given(text=st.text(alphabet="ab \n", max_size=200), longest=st.integers(4, 40))
def test_pieces_are_short_and_lose_nothing_but_white_space(text, longest):
    pieces = chunks(text, longest)
    assert all(len(piece) <= longest for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_pieces_end_where_words_end():
    assert chunks("one two three four", 9) == ["one two", "three", "four"]
    assert chunks("one two three", None) == ["one two three"]


def test_the_vector_of_a_long_text_is_the_mean_of_its_pieces_by_length():
    seen = []

    def counts(texts):
        seen.extend(texts)
        return np.array([[t.count("a"), t.count("b")] for t in texts], dtype=float)

    counts.longest_chars = 6
    traces = Traces.from_frame(pl.DataFrame({"span_id": ["x"], "input_text": ["aaaa aa bbb"]}))
    # Pieces "aaaa" (1, 0), "aa bbb" (2, 3)/√13; weights 4 and 6.
    found = embed(traces, embedder=counts).matrix[0]
    expected = np.array([4 + 6 * 2 / 13**0.5, 6 * 3 / 13**0.5])
    assert sorted(seen) == ["aa bbb", "aaaa"]
    assert found == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
