"""People's scores on one scale: 0 is bad, 1 is good, whatever the tool stored."""

from collections.abc import Sequence
from typing import Final

import polars as pl

_GOOD: Final = (
    "thumbs_up", "thumbs-up", "thumbs up", "up", "positive", "like", "liked", "good", "helpful",
    "yes", "correct", "true", "pass", "👍",
)  # fmt: skip
_BAD: Final = (
    "thumbs_down", "thumbs-down", "thumbs down", "down", "negative", "dislike", "disliked", "bad",
    "unhelpful", "no", "incorrect", "false", "fail", "👎",
)  # fmt: skip
_STARS: Final = r"(?i)star|rating|csat|likert|satisf|1[-_ ]?(?:to|of|–)?[-_ ]?5"
_TEN: Final = r"(?i)\bnps\b|promoter|(?:0|1)[-_ ]?(?:to|of|–)?[-_ ]?10\b"

# Names under which programs hand on what a user said; evaluators hand on theirs the same way.
_PEOPLE: Final = (
    r"(?i)feedback|thumb|csat|satisf|\bnps\b|\bvote|reaction|^(?:dis)?likes?d?$|^stars?$|^rating$"
    r"|(?:^|[^a-z])(?:end[-_ ]?)?(?:user|customer|human)(?:[^a-z]|$)"
)

# Tried in order: lowest and highest value seen, within → the scale's ends.
_SCALES: Final = (
    (0.0, 1.0, 0.0, 1.0),
    (-1.0, 1.0, -1.0, 1.0),
    (1.0, 5.0, 1.0, 5.0),
    (0.0, 5.0, 0.0, 5.0),
    (1.0, 10.0, 1.0, 10.0),
    (0.0, 10.0, 0.0, 10.0),
    (0.0, 100.0, 0.0, 100.0),
)


def trace_feedback(scores: pl.DataFrame, keys: Sequence[str] = ("trace_id",)) -> pl.DataFrame:
    """Per trace (or other keys): `feedback`, the mean of people's scores on 0 … 1, and
    `negative_feedback`, whether that is below 0.5.

    Tools store a number without its scale, so the scale of a name is read off all its values:
    the first of 0…1, -1…1, 1…5, 0…5, 1…10, 0…10, 0…100 that holds them, else their own range.
    A name that speaks of stars, ratings or satisfaction starts at 1…5 and one of NPS at 0…10,
    for a 1 among stars is bad and a lone thumbs-up is good. What no rule can see: a 1…5 scale
    under another name of which only 1s were given (read as good), or one of which nobody gave
    more than the middle. Boolean scores are 0…1. Words count where there is no number.
    Corrections and expectations are not feedback. A score that came in by API, where tools
    keep both users' thumbs and evaluators' numbers, counts if its name speaks of users or
    feedback ("user_feedback", "thumbs", "csat").
    """
    human = scores.filter(
        is_of_people(),
        ~pl.col("data_type")
        .cast(pl.String)
        .is_in(["text", "correction", "expectation"])
        .fill_null(value=False),
        pl.col("valid").fill_null(value=True),
        *(pl.col(key).is_not_null() for key in keys),
    )
    word = pl.col("label").str.to_lowercase().str.strip_chars()
    by_word = pl.when(word.is_in(_GOOD)).then(1.0).when(word.is_in(_BAD)).then(0.0)
    return (
        human.with_columns(_goodness=pl.coalesce(_on_its_scale(), by_word))
        .group_by(keys, maintain_order=True)
        .agg(feedback=pl.col("_goodness").mean())
        .with_columns(negative_feedback=pl.col("feedback") < 0.5)
    )


def is_of_people() -> pl.Expr:
    """Whether a score was given by a person, as its source or its name says."""
    source = pl.col("source").cast(pl.String).fill_null("unknown")
    by_api = source.is_in(["api", "unknown"]) & pl.col("name").str.contains(_PEOPLE)
    return (source == "human") | by_api.fill_null(value=False)


def _on_its_scale() -> pl.Expr:
    value, name = pl.col("value"), pl.col("name").fill_null("")
    lowest, highest = value.min().over("name"), value.max().over("name")
    boolean = (pl.col("data_type") == "boolean").fill_null(value=False)
    stars = name.str.contains(_STARS) & ~boolean & (highest > 0) & (lowest >= 1)
    ten = name.str.contains(_TEN) & ~boolean & (lowest >= 0)
    found = pl.when(stars & (highest <= 5)).then((value - 1) / 4)
    found = found.when(ten & (highest <= 10)).then(value / 10)
    for low, high, bottom, top in _SCALES:
        found = found.when((lowest >= low) & (highest <= high)).then(
            (value - bottom) / (top - bottom)
        )
    return found.otherwise((value - lowest) / (highest - lowest))
