"""The character model: against Witten and Bell's formula worked by hand."""

import numpy as np
import pytest

from llmops_lab._scan.character_model import coded, surprise


def test_probabilities_are_witten_and_bells():
    # Read: "ab". Alphabet: a, b, and one for what was never seen: 1/3 each.
    # Order 0: a and b seen once each, two distinct: p = (1 + 2/3) / (2 + 2) = 5/12.
    # The first a follows padding in every higher order, where a was the only continuation,
    # seen once: p = (1 + p_lower) / 2, four times over.
    p = 5 / 12
    for _ in range(4):
        p = (1 + p) / 2
    found = surprise(coded(["ab", "ab"]), np.array([True, False]))
    assert np.exp(-found) == pytest.approx(p)


def test_an_unread_context_falls_back_to_the_shorter_one():
    # "c" was never read after anything: order 0 gives (0 + 2 · 1/4) / (2 + 2); no longer
    # context that ends in what precedes "c" has it, each halves: (0 + 1 · p) / (1 + 1).
    found = surprise(coded(["ab", "c"]), np.array([True, False]))
    p = (2 / 4) / 4
    for _ in range(4):
        p /= 2
    assert np.exp(-found[-1]) == pytest.approx(p)


def test_the_probabilities_of_all_continuations_sum_to_one():
    # Beside the letters there is one place for what was never seen.
    texts = ["abca", "abab", "cab"]
    ends = [f"ab{c}" for c in "abc"]
    read = np.array([True] * 3 + [False] * 3)
    model = coded(texts + ends)
    last = np.flatnonzero(np.diff(np.append(model.text, len(read))))[3:]
    p = np.exp(-surprise(model, read)[last])
    assert p.sum() < 1
    assert p.sum() > 0.9


def test_no_text_read_is_no_knowledge():
    found = surprise(coded(["ab"]), np.array([False]))
    assert np.exp(-found) == pytest.approx(1 / 3)
