"""The last step: side tables typed, repeated records found."""

from typing import Any

import polars as pl

from llmops_lab._spans.schema import SIDE_TABLES
from llmops_lab.readers._convert import gentle, text
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import TRACE_ROW, Rows

OF_TRACE = ("conversation_id", "user_id", "environment", "release", "tags")


def side_table(name: str, rows: Rows) -> pl.DataFrame:
    """Rows as a side table in its schema."""
    schema = SIDE_TABLES[name]
    if "created_at" in schema:
        moments = gentle(moment("any"))([row.get("created_at") for row in rows]).series // 1000
        rows = [{**row, "created_at": at} for row, at in zip(rows, moments, strict=True)]
    columns = {
        column: _typed([row.get(column) for row in rows], dtype) for column, dtype in schema.items()
    }
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        pl.when(pl.col(column).is_in(dtype.categories.implode()))
        .then(column)
        .cast(dtype)
        .alias(column)
        for column, dtype in schema.items()
        if isinstance(dtype, pl.Enum)
    )


def _typed(values: list[Any], dtype: pl.DataType) -> pl.Series:
    """The values in their column's type; a gap where one has no such form."""
    if isinstance(dtype, pl.Enum) or dtype == pl.String:
        return text(values).series
    try:
        return pl.Series(values, dtype=dtype, strict=False)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series([_alone(value, dtype) for value in values], dtype=dtype)


def _alone(value: Any, dtype: pl.DataType) -> Any:
    try:
        return pl.Series([value], dtype=dtype, strict=False).to_list()[0]
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return None


def without_repeats(spans: pl.DataFrame) -> tuple[pl.DataFrame, Rows]:
    """Each span once: of records with one id the last that has ended; the others are set aside."""
    key = ["trace_id", "span_id"]
    hashes = pl.col("trace_id").hash() ^ pl.col("span_id").hash(1)  # takes less than the keys do
    if spans.select(hashes.n_unique() == pl.len()).item():
        return spans, []
    order = [pl.col("end_time").is_not_null(), pl.col("_i")]
    numbered = spans.with_row_index("_i").with_columns(
        _kept=pl.col("_i").sort_by(*order).last().over(key)
    )
    gone = numbered.filter(pl.col("_i") != pl.col("_kept")).join(
        numbered.select(_kept="_i", _row="source_row"), on="_kept", maintain_order="left"
    )
    rows = [
        {"source_file": file, "line": line, "reason": f"repeats span {span} of record {kept}"}
        for file, line, span, kept in gone.select(
            "source_file", "source_row", "span_id", "_row"
        ).iter_rows()
    ]
    return numbered.filter(pl.col("_i") == pl.col("_kept")).drop("_i", "_kept"), rows


def with_trace_ids(spans: pl.DataFrame) -> pl.DataFrame:
    """A span without a trace id takes its parent's, or its own span id at the top."""
    if not spans["trace_id"].null_count():
        return spans
    known = dict(spans.select("span_id", "trace_id").iter_rows())
    parents = dict(spans.select("span_id", "parent_span_id").iter_rows())
    found = [
        trace_id or _from_above(span_id, known, parents)
        for span_id, trace_id in spans.select("span_id", "trace_id").iter_rows()
    ]
    return spans.with_columns(trace_id=pl.Series(found, dtype=pl.String))


def _from_above(
    span_id: str, known: dict[str, str | None], parents: dict[str, str | None]
) -> str | None:
    above, seen = span_id, set[str]()
    while not known.get(above) and parents.get(above) in parents and above not in seen:
        seen.add(above)
        above = str(parents[above])
    return known.get(above) or above


def with_trace_rows_lent(spans: pl.DataFrame) -> pl.DataFrame:
    """Rows that stand for a whole trace lend its spans user, session and tags, and then go."""
    is_trace = (pl.col("operation") == TRACE_ROW).fill_null(value=False)
    of_traces = spans.filter(is_trace & ~is_trace.all().over("trace_id"))
    if not of_traces.height:
        return spans
    lent = of_traces.unique("trace_id", keep="last").select("trace_id", *OF_TRACE)
    kept = spans.join(
        of_traces.select("trace_id", "span_id"), on=["trace_id", "span_id"], how="anti",
        maintain_order="left",
    ).join(lent, on="trace_id", how="left", suffix="_lent", maintain_order="left")  # fmt: skip
    return kept.with_columns(
        pl.coalesce(name, f"{name}_lent").alias(name) for name in OF_TRACE
    ).select(spans.columns)
