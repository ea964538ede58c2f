"""Cases that are too alike, and cases that a model may have seen."""

from llmops_lab.golden import Case, GoldenSet
from llmops_lab.leakage import find_alike, find_leaks, find_near_duplicates

GOLDEN = GoldenSet(
    (
        Case("Where is my parcel, please?", id="a"),
        Case("where is  my parcel please", id="b"),
        Case("How do I return a broken lamp?", id="c"),
        Case("ok?", id="d"),
    )
)


def test_nearly_equal_questions_are_found_once_per_pair():
    found = find_near_duplicates(GOLDEN)
    assert found.select("case_id", "other_id").rows() == [("a", "b")]
    # Sorted words: two commas or marks away in 27 and 26 letters, 3 of 53 letters differ.
    assert 0.9 < found["likeness"][0] < 1
    assert find_near_duplicates(GoldenSet()).is_empty()


def test_a_question_in_a_prompt_is_a_leak():
    prompts = [
        "You help customers.",
        "Example. User: How do I  return a BROKEN lamp? Assistant: Free of charge.",
        "lamp",
    ]
    found = find_leaks(GOLDEN, prompts)
    assert found.select("case_id", "text").rows() == [("c", 1)]
    assert found["likeness"][0] == 1
    assert find_leaks(GOLDEN, []).is_empty()


def test_a_text_that_asks_what_a_case_asks_is_found_in_any_order_of_words():
    golden = GoldenSet((Case("where is my parcel now", id="a"), Case("refund please", id="b")))
    found = find_alike(golden, ["my parcel, where is it now?", "Now where is my parcel", "hi"])
    assert found.select("case_id", "text").rows() == [("a", 1)]
    assert find_alike(GoldenSet(), ["hi"]).height == 0
