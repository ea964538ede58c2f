"""Names and ids of segments, on texts written for it."""

import numpy as np

from llmops_lab._segments.described import named, segment_id
from llmops_lab._segments.groups import grouped, usual_number

ENGLISH = [f"where is my parcel number {i}, it should have been here by now" for i in range(40)]
GERMAN = [f"wann kommt meine Rücksendung Nummer {i} endlich bei euch an, bitte" for i in range(9)]
POLISH = [f"kiedy dostanę zwrot pieniędzy za zamówienie numer {i}, proszę" for i in range(9)]


def test_a_segment_in_another_language_is_named_by_it():
    texts = [*ENGLISH, *GERMAN, *POLISH]
    rows = np.arange(len(texts))
    groups = [rows < 40, (rows >= 40) & (rows < 49), rows >= 49, rows >= 40]
    terms = [["parcel"], ["rücksendung"], ["zwrot"], ["rücksendung", "zwrot"]]
    english, german, polish, both = named(texts, groups, terms, [[]] * 4)
    assert english == "parcel"
    assert german == "German: rücksendung"
    assert polish == "Polish: zwrot"
    assert both in ("German, Polish", "Polish, German")


def test_a_segment_that_says_nothing_in_common_is_named_by_its_first_example():
    rows = np.arange(len(ENGLISH))
    shown = [["where is it then", "and now"], ["no " * 40]]
    first, second = named(ENGLISH, [rows < 20, rows >= 20], [[], []], shown)
    assert first == "“where is it then”"
    assert len(second) == 50
    assert second.endswith("…”")


def test_no_two_segments_have_one_name():
    rows = np.arange(len(ENGLISH))
    groups, said = [rows < 20, rows >= 20], ["late parcel", "courier", "street"]
    shown = [["a b c"], ["d e f"]]
    assert named(ENGLISH, groups, [said, said], shown) == [
        "late parcel · courier",
        "late parcel · courier · street",
    ]
    assert named(ENGLISH, groups, [["parcel"]] * 2, shown) == ["parcel", "parcel: “d e f”"]


def test_an_id_is_that_of_the_texts_in_any_order():
    texts = ["b", "a", "c"]
    first = segment_id(texts, np.array([True, True, False]), "w")
    assert first == segment_id(["a", "b"], np.array([True, True]), "w")
    assert first != segment_id(texts, np.array([True, True, True]), "w")
    assert first != segment_id(texts, np.array([True, True, False]), "minilm")


def test_centres_that_are_near_are_one_group():
    angles = np.array([0, 3.0, 0.1, 3.1, 1.5])
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert grouped(centres, 3).tolist() == [0, 1, 0, 1, 2]
    assert grouped(centres, 99).tolist() == [0, 1, 2, 3, 4]
    assert grouped(centres[:1], 3).tolist() == [0]
    assert usual_number(60) == 8
    assert usual_number(5) == 5
