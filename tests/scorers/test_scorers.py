"""Every scorer: what any of them promises, and what each of them finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_lab import Answer, Case
from llmops_lab.scorers import Scorer, scorers

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
COMPARING = ["exact", "contains", "similarity"]


def score(name, expected, output, *, label="good", **options):
    return scorers[name](**options).score(Case("q", expected, label=label), Answer(output))


@pytest.mark.parametrize("name", COMPARING)
@settings(deadline=None, max_examples=25)
@given(text=texts.filter(str.strip))
def test_the_expected_answer_scores_one(name, text):
    found = score(name, text, text)
    # A text of which the embedder knows nothing has no direction.
    assert found.passed or (name == "similarity" and found.value == 0)


@pytest.mark.parametrize("name", COMPARING)
@settings(deadline=None, max_examples=25)
@given(expected=texts, output=texts)
def test_a_known_bad_answer_is_read_the_other_way_round(name, expected, output):
    good, bad = (score(name, expected, output, label=label) for label in ("good", "bad"))
    assert good.value + bad.value == pytest.approx(1)
    assert good.passed is not bad.passed
    assert 0 <= good.value <= 1


@pytest.mark.parametrize("name", COMPARING)
def test_any_of_several_answers_is_enough(name):
    assert score(name, ["Berlin", "Paris"], "Paris").passed
    assert not score(name, ["Berlin", "Paris"], "a fish").passed


@pytest.mark.parametrize("name", COMPARING)
def test_a_scorer_is_known_by_its_name(name):
    scorer = scorers[name]()
    assert isinstance(scorer, Scorer)
    assert scorer.name == name
    assert scorer == eval(repr(scorer), {type(scorer).__name__: type(scorer)})  # noqa: S307


def test_exact_forgives_space_and_on_request_case():
    assert score("exact", "Paris", " Paris\n").passed
    assert not score("exact", "Paris", "paris").passed
    assert score("exact", "Paris", "PARIS", ignore_case=True).passed


def test_contains_finds_the_text_in_a_sentence():
    assert score("contains", "two  days", "It takes Two\ndays.").passed
    assert not score("contains", "three days", "It takes two days.").passed


def test_similarity_puts_a_paraphrase_above_another_topic():
    asked = "Your parcel will arrive in two days."
    near = score("similarity", asked, "The package is delivered within two days.").value
    far = score("similarity", asked, "Our jackets are made of recycled wool.").value
    assert near > 0.5
    assert far < 0.2
