"""Feedback on one scale, whatever the tool stored."""

import polars as pl
import pytest

from llmops_lab._spans.feedback import trace_feedback
from llmops_lab._spans.schema import SCORES, conform


def scores(values, name="feedback", **columns):
    n = len(values)
    numbers = [v if isinstance(v, int | float) else None for v in values]
    words = [v if isinstance(v, str) else None for v in values]
    frame = pl.DataFrame(
        {
            "trace_id": [str(i) for i in range(n)],
            "name": [name] * n,
            "value": pl.Series(numbers, dtype=pl.Float64),
            "label": pl.Series(words, dtype=pl.String),
            "source": ["human"] * n,
            **{key: [value] * n for key, value in columns.items()},
        }
    )
    return conform(frame.lazy(), SCORES).collect()


def feedback(values, **options):
    return trace_feedback(scores(values, **options))["feedback"].to_list()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1], [0, 1]),
        ([0.25, 0.5], [0.25, 0.5]),
        ([-1, 1], [0, 1]),
        ([-1, 0], [0, 0.5]),
        ([1, 3, 5], [0, 0.5, 1]),
        ([0, 5], [0, 1]),
        ([1, 10], [0, 1]),
        ([0, 10], [0, 1]),
        ([40, 60], [0.4, 0.6]),
        ([-50, 150], [0, 1]),
    ],
)
def test_a_scale_is_read_off_its_values(values, expected):
    assert feedback(values) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["stars", "user_rating", "CSAT", "satisfaction", "answer 1-5"])
def test_a_lone_one_among_stars_is_bad(name):
    assert feedback([1, 1], name=name) == [0, 0]


@pytest.mark.parametrize("name", ["thumbs", "user-feedback", "helpful", "like"])
def test_a_lone_thumb_up_is_good(name):
    assert feedback([1, 1], name=name) == [1, 1]


def test_a_lone_one_under_a_name_that_says_nothing_is_read_as_good():
    # The limit that the docstring states: nothing in the data tells it from a thumbs-up.
    assert feedback([1, 1], name="quality") == [1, 1]


def test_a_boolean_rating_is_not_stars():
    assert feedback([1, 0], name="rating", data_type="boolean") == [1, 0]
    assert feedback([1, 1], name="rating", data_type="boolean") == [1, 1]


def test_half_a_star_scale_from_zero_is_not_read_as_one_to_five():
    assert feedback([0, 1], name="rating") == [0, 1]


def test_a_net_promoter_score_runs_from_zero_to_ten():
    assert feedback([1, 1], name="NPS") == [0.1, 0.1]


def test_words_count_where_there_is_no_number():
    assert feedback(["thumbs_up", "👎", " Yes ", "maybe"]) == [1, 0, 1, None]


def test_each_name_has_its_own_scale_and_a_trace_the_mean():
    both = pl.concat([scores([1, 5], name="stars"), scores([1, 0], name="thumbs")])
    assert trace_feedback(both).sort("trace_id").select("feedback", "negative_feedback").rows() == [
        (0.5, False),
        (0.5, False),
    ]


@pytest.mark.parametrize(
    "name", ["user_feedback", "user-rating", "thumbs", "CSAT", "endUserScore feedback", "like"]
)
@pytest.mark.parametrize("source", ["api", "unknown", None])
def test_what_users_said_counts_when_a_program_handed_it_on(name, source):
    assert feedback([0, 1], name=name, source=source) == [0, 1]


@pytest.mark.parametrize("name", ["hallucination", "likelihood", "groundedness", "superuser2"])
def test_what_an_evaluator_handed_on_does_not(name):
    assert feedback([0, 1], name=name, source="api") == []


def test_only_people_count_and_corrections_do_not():
    assert feedback([0, 1], source="llm") == []
    assert feedback([0, 1], data_type="correction") == []
    assert feedback([0, 1], valid=False) == []
