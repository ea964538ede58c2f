"""What a set of traces holds, at a glance; no text of any trace."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Table

_MOST_NAMES: Final = 6
COLUMNS_SHOWN: Final = (
    "trace_id", "source_format", "kind", "usage_role", "start_time", "end_time", "request_model",
    "response_model", "user_id", "conversation_id", "input_tokens", "output_tokens",
    "cache_read_tokens", "cost_usd",
)  # fmt: skip
"""The columns of spans that the table tells of."""
_DETAIL: Final = r"'[^']*'|[\w-]*\d[\w.-]*"  # what differs among reasons that are alike
_MODEL: Final = pl.coalesce("response_model", "request_model")
_LEAF: Final = pl.col("usage_role") == "leaf"
_CALL: Final = ((pl.col("kind") == "llm") | _LEAF) & (pl.col("usage_role") != "duplicate")


def trace_table(spans: pl.DataFrame, tables: Mapping[str, pl.DataFrame], source: str) -> Table:
    """Counts, period, models, users, tokens and cost, and what could not be read and why."""
    facts = {
        "time": quantities.period(spans["start_time"].min(), spans["end_time"].max()),
        "formats": _named(spans.unique("trace_id"), pl.col("source_format")),
        "models, by calls": _named(spans.filter(_CALL), _MODEL),
        "users": _distinct(spans["user_id"]),
        "conversations": _distinct(spans["conversation_id"]),
        "tokens": _tokens(spans.filter(_LEAF)),
        "cost": _cost(spans.filter(_LEAF)),
        **{name: _some(tables[name].height) for name in ("scores", "guardrails", "documents")},
    }
    n = spans["trace_id"].n_unique()
    subtitle = f"{quantities.counted(n, 'trace')}, {quantities.counted(spans.height, 'span')}"
    rows = [(name, fact) for name, fact in facts.items() if fact]
    title, callouts = f"Traces from {PurePath(source).name}", _rejected(tables["rejected"])
    return Table(title, subtitle, (), rows, callouts=callouts)


def _named(rows: pl.DataFrame, name: pl.Expr) -> str:
    """The most frequent names with their counts."""
    counts = (
        rows.select(name.alias("name"))
        .drop_nulls()
        .group_by("name")
        .agg(n=pl.len())
        .sort("n", "name", descending=[True, False])
    )
    named = [f"{name} ({quantities.count(n)})" for name, n in counts.head(_MOST_NAMES).iter_rows()]
    rest = counts.height - _MOST_NAMES
    return ", ".join([*named, *([f"{rest} more"] if rest > 0 else [])])


def _some(n: int) -> str:
    return quantities.count(n) if n else ""


def _distinct(values: pl.Series) -> str:
    return _some(values.drop_nulls().n_unique())


def _tokens(leaves: pl.DataFrame) -> str:
    words = {"input_tokens": "in", "output_tokens": "out", "cache_read_tokens": "of it cached"}
    sums = {word: int(leaves[column].sum()) for column, word in words.items()}
    return ", ".join(f"{quantities.count(n)} {word}" for word, n in sums.items() if n)


def _cost(leaves: pl.DataFrame) -> str:
    unpriced = leaves["cost_usd"].null_count()
    if unpriced == leaves.height:
        return f"no price for {quantities.counted(unpriced, 'call')}" if unpriced else ""
    lacking = f"; {quantities.counted(unpriced, 'call')} without a price" if unpriced else ""
    return f"{quantities.dollars(float(leaves['cost_usd'].sum()))}{lacking}"


def _rejected(rejected: pl.DataFrame) -> list[str]:
    """Lines that are no JSON, of which a log has many, and records by what is wrong with them."""
    is_text = pl.col("reason").str.starts_with("not JSON")
    lines, records = rejected.filter(is_text), rejected.filter(~is_text)
    said: list[str] = []
    if lines.height:
        are = "that is" if lines.height == 1 else "that are"
        first = lines["line"].drop_nulls().head(1).to_list()
        where = f", first at line {first[0]:,}" if first else ""
        said.append(f"{quantities.counted(lines.height, 'line')} {are} no JSON{where}")
    if records.height:
        alike = pl.col("reason").str.replace_all(_DETAIL, "")
        first = pl.col("reason").first().over(alike)
        others = pl.when(pl.col("reason").n_unique().over(alike) > 1).then(pl.lit(" and alike"))
        reasons = _named(records, first + others.otherwise(pl.lit("")))
        said.append(f"{quantities.counted(records.height, 'record')} could not be read: {reasons}")
    return [f"{'; '.join(said)}. See .rejected."] if said else []
