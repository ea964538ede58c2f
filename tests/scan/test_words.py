"""Words: what a text says, what a group is about, what tells two groups apart."""

import math
from collections import Counter

import numpy as np
import pytest

from llmops_lab._scan.words import examples, telling_words, terms, words


def test_words_are_lower_case_and_keep_their_apostrophes():
    assert words("Where’s MY parcel, n°12?") == ["where's", "my", "parcel", "n", "12"]


def test_a_script_without_spaces_is_read_in_pairs_of_characters():
    assert words("退款在哪里") == ["退款", "款在", "在哪", "哪里"]


@pytest.mark.parametrize(
    "text",
    [
        "where is my",
        "wo ist das",
        "où est le",
        "dónde está el",
        "onde está o",
        "dove è il",
        "waar is het",
    ],
)
def test_function_words_of_seven_languages_carry_no_meaning(text):
    assert terms(text) == set()


def test_neighbours_make_a_term_only_when_both_carry_meaning():
    assert terms("refund for the gift card") == {"refund", "gift", "card", "gift card"}


def test_telling_words_follow_monroes_formula():
    current, baseline = ["apple"] * 30 + ["pear"] * 10, ["apple"] * 10 + ["pear"] * 30
    # Worked by hand: prior 250 for each word.
    prior = 500 * 40 / 80
    odds = (30 + prior) / (40 + 500 - 30 - prior), (10 + prior) / (40 + 500 - 10 - prior)
    z = math.log(odds[0] / odds[1]) / math.sqrt(1 / (30 + prior) + 1 / (10 + prior))
    assert telling_words(current, baseline, least_z=z - 1e-9) == ["apple"]
    assert telling_words(current, baseline, least_z=z + 1e-9) == []


def test_equal_texts_have_no_telling_words():
    texts = [f"word{i} other{i % 7}" for i in range(100)]
    assert telling_words(texts, texts) == []


def test_the_first_example_is_the_medoid_and_the_others_are_not_copies():
    angles = np.array([0.0, 0.001, 0.5, 0.9, 1.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    texts = [f"t{i}" for i in range(5)]
    found = examples(vectors, texts, np.arange(5))
    distance = [np.linalg.norm(vectors - v, axis=1).sum() for v in vectors]
    assert found[0] == texts[int(np.argmin(distance))]
    assert len(found) == 3
    assert not {"t0", "t1"} <= set(found)
    assert Counter(found).most_common(1)[0][1] == 1
