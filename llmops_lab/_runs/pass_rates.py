"""How many answers passed, per scorer and group, with intervals."""

from collections.abc import Sequence

import polars as pl

from llmops_lab._rates import rate_columns
from llmops_lab.errors import LabError

ALL = "passed"
GROUPS = ("tags", "split", "cluster", "severity", "label", "model")


def pass_rates(frame: pl.DataFrame, scorers: Sequence[str], *, by: str | None) -> pl.DataFrame:
    """One row per scorer, and before them one for all together; with `by`, per group of it.

    Columns: scorer, the group, n (answers judged; failed calls are), n_passed, rate with
    rate_low and rate_high (95 %, Wilson), value (the scorer's mean), n_unscored. An answer with
    several tags counts in each. Raises LabError for a `by` that is no property of a case.
    """
    if by is not None and by not in GROUPS:
        raise LabError(f"no groups by {by!r}; there are: {', '.join(GROUPS)}")
    groups = [] if by is None else [by]
    spread = frame.explode("tags", empty_as_null=True) if by == "tags" else frame
    names = [ALL, *scorers] if len(scorers) != 1 else list(scorers)
    return pl.concat(_rate(spread, name, groups) for name in names)


def _rate(frame: pl.DataFrame, name: str, groups: list[str]) -> pl.DataFrame:
    failed = pl.col("error").is_not_null()
    judged = "passed" if name == ALL else f"{name}_passed"
    passed = pl.when(failed).then(False).otherwise(judged)
    counted = frame.group_by(pl.lit(name).alias("scorer"), *groups, maintain_order=True).agg(
        passed.count().alias("rate_n"),
        passed.sum().alias("_rate_hits"),
        passed.null_count().alias("n_unscored"),
        pl.col(name).cast(pl.Float64).mean().alias("value"),
    )
    return counted.select(
        "scorer",
        *groups,
        pl.col("rate_n").alias("n"),
        pl.col("_rate_hits").alias("n_passed"),
        *rate_columns("rate"),
        "value",
        "n_unscored",
    )
