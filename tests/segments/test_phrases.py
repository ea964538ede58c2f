"""What a group of texts is about, in phrases that people wrote; texts written for it."""

import numpy as np
import pytest

from llmops_lab._segments.phrases import phrases, same_word, topical_terms, without_forms

NAMES = ["ana", "bob", "carla", "dan", "eve", "finn", "gina", "hugo"]
FREEZE = [f"please freeze my account now, regards {name}" for name in NAMES]
REFUND = [
    "thanks, when is my refund here",
    "hi in march you refunded a part",
    "both refunds are late",
    "refund for cancelled orders",
    "where are refunds for cancelled orders",
    "march: no refunds for cancelled orders",
    "the refund of tuesday",
    "ok refunded in march",
]
OTHER = [f"what is the weather in town {n}" for n in range(24)]
TEXTS = [*FREEZE, *REFUND, *OTHER]
ROWS = np.arange(len(TEXTS))
GROUPS = [ROWS < 8, (ROWS >= 8) & (ROWS < 16), ROWS >= 16]


def test_a_group_is_named_by_a_phrase_as_people_wrote_it():
    freeze, refund, weather = phrases(TEXTS, GROUPS)
    assert freeze[0] == "freeze my account"
    assert refund[0] == "refunds for cancelled orders"
    assert weather[0].startswith("weather")


def test_no_two_phrases_of_a_group_hold_forms_of_one_word():
    for found in phrases(TEXTS, GROUPS):
        spoken = [word for phrase in found for word in phrase.split() if len(word) > 3]
        pairs = [(a, b) for i, a in enumerate(spoken) for b in spoken[i + 1 :]]
        assert not [pair for pair in pairs if same_word(*pair)]


def test_courtesy_months_and_who_wrote_name_nothing():
    said = " ".join(phrase for found in phrases(TEXTS, GROUPS) for phrase in found).split()
    assert not {"please", "thanks", "ok", "march", "tuesday", "regards", *NAMES} & set(said)


def test_a_word_that_half_of_a_group_asks_for_is_named_with_the_question():
    ages = [f"so how old are you {n}" for n in range(10)]
    other = [f"play song {n}" for n in range(10)]
    first, _ = phrases([*ages, *other], [np.arange(20) < 10, np.arange(20) >= 10])
    assert first == ["how old"]


def test_a_script_without_spaces_is_joined_as_it_was_written():
    texts = ["请问退款在哪里"] * 5 + ["天气怎么样"] * 5
    first, _ = phrases(texts, [np.arange(10) < 5, np.arange(10) >= 5])
    assert first[0] in "请问退款在哪里"
    assert len(first[0]) > 2


def test_a_group_that_says_what_all_say_has_no_phrase():
    texts = [f"order {n}" for n in range(20)]
    assert phrases(texts, [np.arange(20) < 10]) == [[]]


def test_an_odd_word_between_two_forms_does_not_part_them():
    texts = [f"return it {n}" for n in range(5)] + [f"my returns {n}" for n in range(5)]
    texts += ["the returnlabelbox", *(f"weather {n}" for n in range(10))]
    rows = np.arange(len(texts))
    first, _ = phrases(texts, [rows < 11, rows >= 11])
    assert len([phrase for phrase in first if "return" in phrase]) == 1


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("refund", "refunds", True),
        ("refunded", "refund", True),
        ("delivery", "delivered", True),
        ("day", "days", True),
        ("rücksendung", "rücksendungen", True),
        ("card", "cars", False),
        ("order", "ordinary", False),
        ("transfer", "transaction", False),
    ],
)
def test_forms_of_one_word_begin_alike_and_end_otherwise(first, second, same):
    assert same_word(first, second) == same_word(second, first) == same


def test_terms_of_a_topic_hold_no_month_and_no_form_said_before():
    assert topical_terms("refund in march please") == {"refund"}
    assert without_forms(["refund", "refunds", "refunds late"]) == ["refund", "refunds late"]
