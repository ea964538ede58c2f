"""The span tree and who carries usage: each call's tokens are counted once.

Rules: `duplicate` where two instrumentors recorded one call, `rollup` where a descendant
carries usage too (an llm span around calls is one even without tokens of its own), else `leaf`;
`none` without tokens.
"""

import polars as pl

_TOKENS = ("input_tokens", "output_tokens", "total_tokens_reported")
TOLD = (
    "trace_id", "span_id", "parent_span_id", "depth", "kind", "scope_name", "start_time",
    "duration_s", "request_model", "response_model", "response_id", "usage_role", *_TOKENS,
)  # fmt: skip
_START_TOLERANCE = pl.duration(milliseconds=50)
_DURATION_TOLERANCE = 0.02
# One instrumentor notes the model asked for (gpt-4o), the other the one that answered
# (gpt-4o-2024-08-06).
_DATED = r"-(\d{4}-\d\d-\d\d|\d{8}|\d{4})$"


def with_tree(spans: pl.DataFrame) -> pl.DataFrame:
    """Fill is_root, is_orphan and depth from parent_span_id. A cycle's spans stay roots."""
    keys = spans.select("trace_id", pl.col("span_id").alias("parent_span_id")).unique()
    linked = (
        spans.select("trace_id", "span_id", "parent_span_id")
        .with_row_index("_i")
        .join(
            keys.with_columns(_known=pl.lit(value=True)),
            on=["trace_id", "parent_span_id"],
            how="left",
            maintain_order="left",
        )
    )
    has_parent = pl.col("parent_span_id").is_not_null()
    known = pl.col("_known").fill_null(value=False)
    linked = linked.with_columns(is_root=~known, is_orphan=has_parent & ~known)
    depth = linked.select("_i").join(_depths(linked), on="_i", how="left", maintain_order="left")
    return spans.with_columns(
        linked["is_root"],
        linked["is_orphan"],
        depth["_depth"].fill_null(0).cast(pl.UInt16).alias("depth"),
    )


def _depths(linked: pl.DataFrame) -> pl.DataFrame:
    """Breadth first from the roots: one join per level of the deepest tree."""
    children = linked.filter(~pl.col("is_root")).select(
        "_i", "trace_id", "span_id", "parent_span_id"
    )
    level = linked.filter(pl.col("is_root")).select("_i", "trace_id", "span_id")
    found: list[pl.DataFrame] = []
    depth = 0
    while level.height:
        found.append(level.select("_i", _depth=pl.lit(depth, pl.UInt32)))
        level = (
            level.select("trace_id", parent_span_id="span_id")
            .unique()
            .join(children, on=["trace_id", "parent_span_id"])
            .select("_i", "trace_id", "span_id")
        )
        depth += 1
    return (
        pl.concat(found).unique("_i", keep="first")
        if found
        else pl.DataFrame(schema={"_i": pl.UInt32, "_depth": pl.UInt32})
    )


def with_usage_role(spans: pl.DataFrame) -> pl.DataFrame:
    """Fill usage_role where it is null, over each trace's tree."""
    if spans.height and not spans["usage_role"].null_count():
        return spans
    numbered = spans.select(TOLD).with_row_index("_i")
    has_usage = pl.any_horizontal(pl.col(c).fill_null(0) > 0 for c in _TOKENS)
    bearing = numbered.filter(has_usage)
    duplicates = _duplicates(numbered)
    rollups = _ancestors(numbered, bearing.filter(~pl.col("_i").is_in(duplicates.implode())))
    wraps_calls = pl.col("_i").is_in(rollups.implode()) & (has_usage | (pl.col("kind") == "llm"))
    role = (
        pl.when(pl.col("_i").is_in(duplicates.implode()))
        .then(pl.lit("duplicate"))
        .when(wraps_calls)
        .then(pl.lit("rollup"))
        .when(~has_usage)
        .then(pl.lit("none"))
        .otherwise(pl.lit("leaf"))
    )
    roles = numbered.select(pl.coalesce("usage_role", role.cast(spans.schema["usage_role"])))
    return spans.with_columns(roles["usage_role"])


def _ancestors(numbered: pl.DataFrame, bearing: pl.DataFrame) -> pl.Series:
    """Rows above any token-bearing row, whatever the distance."""
    parents = numbered.select("_i", "trace_id", "span_id", "parent_span_id")
    found = pl.Series("_i", [], dtype=pl.UInt32)
    level = bearing.select("trace_id", span_id="parent_span_id").unique()
    while level.height:
        above = parents.join(level, on=["trace_id", "span_id"]).filter(
            ~pl.col("_i").is_in(found.implode())
        )
        found = found.append(above["_i"])
        level = above.select("trace_id", span_id="parent_span_id").drop_nulls().unique()
    return found


def _duplicates(numbered: pl.DataFrame) -> pl.Series:
    """Rows that record a call another row records better: with usage, else nearer to it.

    The inner of two with usage counts: an outer one may add up a stream's running totals.
    """
    calls = numbered.filter(pl.col("kind") == "llm").with_columns(
        _bears=pl.any_horizontal(pl.col(c).fill_null(0) > 0 for c in _TOKENS[:2]),
        _model=pl.coalesce("response_model", "request_model").str.replace(_DATED, ""),
    )
    return pl.concat([_same_response(calls), _same_moment(calls)]).unique()


def _same_response(calls: pl.DataFrame) -> pl.Series:
    ranked = calls.filter(pl.col("response_id").is_not_null()).sort(
        ["_bears", "depth"], descending=True
    )
    first = ranked.unique(["trace_id", "response_id"], keep="first", maintain_order=True)
    return ranked.filter(~pl.col("_i").is_in(first["_i"].implode()))["_i"]


def _same_moment(calls: pl.DataFrame) -> pl.Series:
    """Two scopes, one model, starts within 50 ms and durations within 2 %: one call."""
    columns = ["_i", "scope_name", "start_time", "duration_s", "_bears", "depth"]
    side = calls.filter(pl.col("response_id").is_null(), pl.col("start_time").is_not_null())
    side = side.select("trace_id", "_model", *columns)
    if side.select("trace_id", "scope_name").unique().height == side["trace_id"].n_unique():
        return pl.Series("_i", [], dtype=pl.UInt32)
    pairs = side.join(side, on=["trace_id", "_model"], suffix="_b").filter(
        pl.col("scope_name") != pl.col("scope_name_b"),
        (pl.col("start_time") - pl.col("start_time_b")).abs() <= _START_TOLERANCE,
        (pl.col("duration_s") - pl.col("duration_s_b")).abs()
        <= _DURATION_TOLERANCE * pl.max_horizontal("duration_s", "duration_s_b"),
    )
    rank = (pl.col("_bears") < pl.col("_bears_b")) | (
        (pl.col("_bears") == pl.col("_bears_b"))
        & (
            (pl.col("depth") < pl.col("depth_b"))
            | ((pl.col("depth") == pl.col("depth_b")) & (pl.col("_i") > pl.col("_i_b")))
        )
    )
    return pairs.filter(rank)["_i"].unique()
