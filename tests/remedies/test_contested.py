"""Which liked answers repeat what other users disliked, by hand."""

from llmops_lab._remedies.contested import contested

STALE = "You have sixty days and pay for the label."
RIGHT = "You have thirty days and the label is free."
HELLO = "Thank you for writing to us today."


def test_a_sentence_disliked_more_often_than_liked_is_named():
    liked = [f"{HELLO} {RIGHT}", f"{HELLO} {STALE}", RIGHT]
    disliked = [f"{HELLO} {STALE}", STALE, f"{STALE} {HELLO}"]
    assert contested(liked, disliked) == [None, STALE.casefold(), None]


def test_one_dislike_alone_refuses_nothing():
    assert contested([STALE], [STALE]) == [None]


def test_what_everybody_hears_refuses_nothing():
    assert contested([HELLO] * 5, [HELLO] * 4) == [None] * 5


def test_without_answers_there_is_nothing_to_say():
    assert contested([], []) == []
