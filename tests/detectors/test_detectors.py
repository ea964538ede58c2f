"""Detectors: what each says of windows alike and of windows that differ."""

import numpy as np
import pytest

from llmops_lab._scan.units import units_of
from llmops_lab.detectors._shift import Likelihood, Sample, detectors

TEXT = "where is my order parcel refund late card change address please help with"
WORDS = TEXT.split()


def sample(seed, *, n=600, n_users=150, altered=0.0, alter=lambda text: f"yo {text} lol"):
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 8)) for _ in range(n)]
    current = np.arange(n) >= n // 2
    texts = [
        alter(t) if c and rng.random() < altered else t for t, c in zip(texts, current, strict=True)
    ]
    units = units_of(rng.integers(0, n_users, n), current)
    # What is asked in slang is answered with less confidence.
    tokens = rng.integers(20, 60, n).astype(float)
    unsure = np.array([text.startswith("yo ") for text in texts])
    logprob = -tokens * rng.normal(0.6 + 0.5 * unsure, 0.1)
    answers = Likelihood(np.full(n, "m"), logprob, tokens)
    return Sample(texts, units, rng.integers(0, 10, n), answers=answers)


@pytest.mark.parametrize("name", detectors)
def test_a_detector_is_calm_about_windows_alike(name):
    found = detectors[name](sample(5))
    assert found.statistic == pytest.approx(found.calm, abs=0.09)
    assert found.p_value is None or found.p_value > 0.05
    assert found.low is None or found.low < found.calm < found.high
    assert found.words == ()


@pytest.mark.parametrize("name", detectors)
def test_a_detector_sees_slang(name):
    found = detectors[name](sample(1, altered=0.5))
    assert found.statistic > found.calm
    assert (found.p_value is not None and found.p_value <= 0.05) or found.low > found.flag_above


@pytest.mark.parametrize("name", detectors)
def test_a_detector_says_the_same_twice(name):
    assert detectors[name](sample(2)) == detectors[name](sample(2))


@pytest.mark.parametrize("name", ["perplexity", "answer_perplexity"])
def test_a_few_users_give_a_perplexity_no_interval_to_be_warned_of(name):
    found = detectors[name](sample(1, n_users=3, altered=0.5))
    assert found.low is None
    assert found.warn_above is None


def test_slang_is_named_by_its_words():
    assert set(detectors["style"](sample(3, altered=0.5)).words) == {"yo", "lol"}


@pytest.mark.slow
def test_alarms_without_a_shift_stay_within_their_promise():
    style = [detectors["style"](sample(seed, n=300)).p_value <= 0.05 for seed in range(40)]
    gibberish = [detectors["perplexity"](sample(seed)) for seed in range(40)]
    # At most 5 % promised: 6 of 40 or more happen once in 70 times.
    assert sum(style) < 6
    assert sum(found.low > found.flag_above for found in gibberish) == 0


def test_perplexity_sees_gibberish_and_names_its_size():
    rng = np.random.default_rng(0)

    def scrambled(text):
        return "".join(rng.permutation(list(text)))

    found = detectors["perplexity"](sample(4, altered=1.0, alter=scrambled))
    assert found.low > 2


def likely(model, logprob, tokens, n=40):
    """Windows of `n` rows of each model, two users: Σ log p and tokens by (model, window)."""
    names = np.repeat(model, 2 * n)
    current = np.tile(np.arange(2 * n) >= n, len(model))
    units = units_of(np.arange(len(names)), current)
    answers = Likelihood(
        names, np.repeat(logprob, n).astype(float), np.repeat(tokens, n).astype(float)
    )
    return Sample([TEXT] * len(names), units, np.zeros(len(names), int), answers=answers)


def test_the_perplexity_of_answers_is_that_of_each_model_apart():
    # Model a: exp(10/10) then and exp(12/10) now; b: exp(40/20) both times, with twice the tokens.
    # In logarithms 0.2 and 0, weighted by 10 and 20 tokens.
    sample = likely(["a", "b"], [-10, -12, -40, -40], [10, 10, 20, 20])
    found = detectors["answer_perplexity"](sample)
    assert found.statistic == pytest.approx(np.exp(0.2 / 3))


def test_a_change_of_model_is_no_change_of_perplexity():
    # a answers the baseline alone, b current alone: their tokenizers cannot be compared.
    names = np.repeat(["a", "b"], 40)
    units = units_of(np.arange(80), np.arange(80) >= 40)
    answers = Likelihood(names, np.where(names == "a", -10.0, -30.0), np.full(80, 10.0))
    sample = Sample([TEXT] * 80, units, np.zeros(80, int), answers=answers)
    assert detectors["answer_perplexity"](sample) is None


def test_without_log_probabilities_nothing_is_said_of_answers():
    units = units_of(np.arange(80), np.arange(80) >= 40)
    sample = Sample([TEXT] * 80, units, np.zeros(80, int))
    assert detectors["answer_perplexity"](sample) is None
