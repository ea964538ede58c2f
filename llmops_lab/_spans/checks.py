"""What scorers, judges and other tools' evaluators say of a trace: verdicts and numbers."""

from collections.abc import Sequence

import polars as pl

from llmops_lab._spans.feedback import is_of_people

_PASS = ("pass", "passed")
_FAIL = ("fail", "failed")


def trace_checks(scores: pl.DataFrame, keys: Sequence[str] = ("trace_id",)) -> pl.DataFrame:
    """Per trace (or other keys): `checks`, the names of all that judged it, and
    `failed_checks`, the names of those that failed it, both sorted.

    A score is a verdict when its label says pass or fail, or it is boolean; what people said,
    expectations and scores that are not valid are none. Where a name judged several spans of a
    trace, one failure fails it.
    """
    judged = _by_evaluators(scores, keys)
    return (
        judged.filter(pl.col("_failed").is_not_null())
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("name").unique().sort().alias("checks"),
            pl.col("name").filter("_failed").unique().sort().alias("failed_checks"),
        )
    )


def trace_numbers(scores: pl.DataFrame, keys: Sequence[str] = ("trace_id",)) -> pl.DataFrame:
    """Per trace (or other keys): `numbers`, a list of name and value, sorted by name, of scores
    that are numbers and no verdict (a relevance of 0.7); the mean where a name scored several
    spans."""
    graded = _by_evaluators(scores, keys).filter(
        pl.col("_failed").is_null(),
        pl.col("value").is_finite(),
        pl.col("data_type").cast(pl.String).fill_null("numeric") == "numeric",
    )
    return (
        graded.group_by(*keys, "name")
        .agg(pl.col("value").mean())
        .sort(*keys, "name")
        .group_by(keys, maintain_order=True)
        .agg(pl.struct("name", "value").alias("numbers"))
    )


def _by_evaluators(scores: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Valid scores that no person gave, and whether each is a verdict of failure (`_failed`)."""
    return scores.filter(
        ~is_of_people(),
        pl.col("name").is_not_null(),
        pl.col("valid").fill_null(value=True),
        *(pl.col(key).is_not_null() for key in keys),
    ).with_columns(_failed=_failed())


def _failed() -> pl.Expr:
    word = pl.col("label").str.to_lowercase()
    boolean = (pl.col("data_type") == "boolean").fill_null(value=False)
    return (
        pl.when(word.is_in(_FAIL))
        .then(statement=True)
        .when(word.is_in(_PASS))
        .then(statement=False)
        .when(boolean)
        .then(pl.col("value") < 0.5)
    )


def check_names(rows: pl.DataFrame) -> list[str]:
    """The names of all that judged any of these traces; empty without the column."""
    if "checks" not in rows.columns:
        return []
    return sorted(rows["checks"].drop_nulls().explode(empty_as_null=False).unique().to_list())


def has_failed(name: str) -> pl.Expr:
    """Whether a row of traces failed this check; null where it was not judged by it."""
    was_judged = pl.col("checks").list.contains(name)
    return pl.when(was_judged).then(pl.col("failed_checks").list.contains(name))


def number_names(rows: pl.DataFrame) -> list[str]:
    """The names of all numbers that any of these traces was given; empty without the column."""
    if "numbers" not in rows.columns:
        return []
    given = rows["numbers"].drop_nulls().explode(empty_as_null=False)
    return sorted(given.struct.field("name").unique().to_list())


def number_given(name: str) -> pl.Expr:
    """The number of this name that a row of traces was given; null where it was not."""
    element = pl.element()
    values = element.filter(element.struct.field("name") == name).struct.field("value")
    return pl.col("numbers").list.eval(values).list.first()
