"""Traces: one lazy frame of spans in the canonical schema, and what hangs on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import polars as pl

from llmops_lab._schema import SIDE_TABLES, SPANS, conform
from llmops_lab._trace_rows import trace_rows
from llmops_lab._usage import with_tree, with_usage_role
from llmops_lab.errors import ColumnError


def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=SIDE_TABLES[table])


@dataclass(frozen=True)
class Traces:
    """Spans of one or many exports in one schema; `frame` is lazy Polars.

    `scores`, `guardrails`, `documents` and `embeddings` are keyed by (trace_id, span_id);
    a null span_id means the whole trace. `rejected` holds what could not be read:
    source_file, line, reason.
    """

    frame: pl.LazyFrame
    scores: pl.DataFrame = field(default_factory=lambda: _empty("scores"))
    guardrails: pl.DataFrame = field(default_factory=lambda: _empty("guardrails"))
    documents: pl.DataFrame = field(default_factory=lambda: _empty("documents"))
    embeddings: pl.DataFrame = field(default_factory=lambda: _empty("embeddings"))
    rejected: pl.DataFrame = field(default_factory=lambda: _empty("rejected"))
    source: str = "memory"

    @classmethod
    def from_frame(
        cls,
        frame: pl.DataFrame | pl.LazyFrame,
        *,
        side_tables: dict[str, pl.DataFrame] | None = None,
        source: str = "memory",
    ) -> "Traces":
        """Traces from spans in canonical columns; missing columns are null.

        `side_tables` may hold any of scores, guardrails, documents, embeddings and rejected.
        Tree columns (is_root, is_orphan, depth) and usage_role are worked out where null.
        Raises ColumnError without span_id and ValueError for a side table of another name.
        """
        lazy = frame.lazy()
        names = lazy.collect_schema().names()
        if "span_id" not in names:
            raise ColumnError({"span_id"}, names)
        spans = conform(lazy, SPANS).collect()
        spans = spans.with_columns(pl.coalesce("trace_id", "span_id").alias("trace_id"))
        spans = with_usage_role(with_tree(spans))
        tables = {
            name: conform(table.lazy(), SIDE_TABLES[name]).collect()
            for name, table in (side_tables or {}).items()
        }
        return cls(spans.lazy(), source=source, **tables)

    @cached_property
    def spans(self) -> pl.DataFrame:
        """Every span, collected: one row each, columns as in the canonical schema."""
        return self.frame.collect()

    @cached_property
    def rows(self) -> pl.DataFrame:
        """One row per trace: times, tokens of usage leaves, cost, models, user, texts, feedback."""
        return trace_rows(self.spans, self.scores, self.guardrails)

    def filter(self, *predicates: pl.Expr) -> "Traces":
        """The traces whose row (see `rows`) fulfils every predicate, whole, side tables too."""
        return self.take(self.rows.filter(*predicates)["trace_id"])

    def take(self, trace_ids: pl.Series | Sequence[str]) -> "Traces":
        """The traces with these ids, with all their spans and side tables."""
        keep = pl.col("trace_id").is_in(pl.Series(trace_ids, dtype=pl.String).implode())
        tables = {
            name: getattr(self, name).filter(keep) for name in SIDE_TABLES if name != "rejected"
        }
        return replace(self, frame=self.spans.filter(keep).lazy(), **tables)

    def between(self, start: datetime | str, end: datetime | str) -> "Traces":
        """The traces that start at or after `start` and before `end`; text is ISO 8601, UTC."""
        moment = pl.col("start_time")
        return self.filter(moment >= _utc(start), moment < _utc(end))

    def __len__(self) -> int:
        return self.spans["trace_id"].n_unique()


def _utc(moment: datetime | str) -> datetime:
    from datetime import UTC

    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
