"""People's scores on one scale: 0 is bad, 1 is good, whatever the tool stored."""

import polars as pl

_GOOD = ("thumbs_up", "thumbs-up", "up", "positive", "good", "yes", "correct", "true", "pass", "👍")
_BAD = (
    "thumbs_down",
    "thumbs-down",
    "down",
    "negative",
    "bad",
    "no",
    "incorrect",
    "false",
    "fail",
    "👎",
)


def trace_feedback(scores: pl.DataFrame) -> pl.DataFrame:
    """Per trace: `feedback`, the mean of people's scores on 0..1, and `negative_feedback`.

    A name's scale is read off its values: within 0..1 as it is, within -1..1 and 1..5
    stretched; wider scales by their own range. Corrections and expectations are not feedback.
    """
    human = scores.filter(
        pl.col("source") == "human",
        ~pl.col("data_type")
        .cast(pl.String)
        .is_in(["text", "correction", "expectation"])
        .fill_null(value=False),
        pl.col("valid").fill_null(value=True),
    )
    word = pl.col("label").str.to_lowercase()
    by_word = pl.when(word.is_in(_GOOD)).then(1.0).when(word.is_in(_BAD)).then(0.0)
    low, high = pl.col("value").min().over("name"), pl.col("value").max().over("name")
    by_value = (
        pl.when((low >= 0) & (high <= 1))
        .then(pl.col("value"))
        .when((low >= -1) & (high <= 1))
        .then((pl.col("value") + 1) / 2)
        .when((low >= 1) & (high <= 5))
        .then((pl.col("value") - 1) / 4)
        .otherwise((pl.col("value") - low) / (high - low))
    )
    return (
        human.with_columns(_goodness=pl.coalesce(by_value, by_word))
        .group_by("trace_id")
        .agg(feedback=pl.col("_goodness").mean())
        .with_columns(negative_feedback=pl.col("feedback") < 0.5)
    )
