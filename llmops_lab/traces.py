"""Traces: one lazy frame of spans in the canonical schema, and what hangs on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from llmops_lab._display import Shown, Table
from llmops_lab._spans.masked import masked_for_writing
from llmops_lab._spans.rows import columns_used, trace_rows
from llmops_lab._spans.schema import SIDE_TABLES, SPANS, TEXTS, conform
from llmops_lab._spans.table import COLUMNS_SHOWN, trace_table
from llmops_lab._spans.usage import with_tree, with_usage_role
from llmops_lab.errors import ColumnError, LabError

_SHARE = 500_000


def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=SIDE_TABLES[table])


@dataclass(frozen=True, repr=False)
class Traces(Shown):
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
    on_disk: bool = False  # spans lie in Parquet files and may be larger than memory

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
        tables: dict[str, Any] = {
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
        spans = self.frame.select(columns_used()).collect() if self.on_disk else self.spans
        return trace_rows(spans, self.scores, self.guardrails)

    @cached_property
    def measures(self) -> pl.DataFrame:
        """The same rows; with null texts, and made a share at a time, where spans are on disk."""
        if "rows" in vars(self) or not self.on_disk:
            return self.rows
        nulls = [pl.lit(None, pl.String).alias(name) for name in TEXTS]
        spans = self.frame.with_columns(nulls).select(columns_used())
        n_shares = 1 + self.frame.select(pl.len()).collect().item() // _SHARE
        share = pl.col("trace_id").hash() % n_shares
        parts = (spans.filter(share == n).collect() for n in range(n_shares))
        rows = pl.concat([trace_rows(part, self.scores, self.guardrails) for part in parts])
        return rows.sort("start_time", "start_offset_s", "trace_id", nulls_last=True)

    def filter(self, *predicates: pl.Expr) -> "Traces":
        """The traces whose row (see `rows`) fulfils every predicate, whole, side tables too."""
        return self.take(self.rows.filter(*predicates)["trace_id"])

    def take(self, trace_ids: pl.Series | Sequence[str]) -> "Traces":
        """The traces with these ids, with all their spans and side tables."""
        keep = pl.col("trace_id").is_in(pl.Series(trace_ids, dtype=pl.String).implode())
        tables = {
            name: getattr(self, name).filter(keep) for name in SIDE_TABLES if name != "rejected"
        }
        spans = self.frame if self.on_disk else self.spans.lazy()
        return replace(self, frame=spans.filter(keep).collect().lazy(), on_disk=False, **tables)

    def with_scores(self, scores: pl.DataFrame) -> "Traces":
        """The traces with more scores; one of the same trace, span, name and evaluator is replaced.

        Columns as in `scores`; missing ones are null.
        """
        more = conform(scores.lazy(), SIDE_TABLES["scores"]).collect()
        same = ["trace_id", "span_id", "name", "evaluator"]
        kept = self.scores.join(more, on=same, how="anti", nulls_equal=True)
        return replace(self, scores=pl.concat([kept, more]))

    def between(self, start: datetime | str, end: datetime | str) -> "Traces":
        """The traces that start at or after `start` and before `end`; text is ISO 8601, UTC."""
        moment = pl.col("start_time")
        return self.filter(moment >= _utc(start), moment < _utc(end))

    def within(self, interval: str) -> "Traces":
        """The traces that start inside an ISO 8601 interval, `2026-03-02/2026-03-09`, end excluded.

        Raises LabError when it is no interval or holds no trace.
        """
        start, slash, end = interval.partition("/")
        if not slash:
            raise LabError(f"{interval!r} is no interval; write START/END: 2026-03-02/2026-03-09")
        found = self.between(start, end)
        if not len(found):
            raise LabError(f"no trace starts within {interval}; {self._extent()}")
        return found

    def split(self, moment: datetime | str) -> tuple["Traces", "Traces"]:
        """The traces that start before `moment`, and those that start at or after it.

        Raises LabError when one side would be empty.
        """
        start = pl.col("start_time")
        before, after = self.filter(start < _utc(moment)), self.filter(start >= _utc(moment))
        if not len(before) or not len(after):
            raise LabError(f"nothing to split at {moment}; {self._extent()}")
        return before, after

    def write_parquet(self, folder: str | Path, *, redacted: bool = True) -> Path:
        """Write spans and side tables below a folder, one Parquet file each; returns the folder.

        `read_traces(folder)` reads them again. Personal data and secrets are masked (see
        `redact`) with a RedactionWarning that counts them, unless `redacted` is False. A file is
        replaced only when the new one is whole.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        tables = {"spans": self.spans, **{name: getattr(self, name) for name in SIDE_TABLES}}
        written = masked_for_writing(tables) if redacted else tables
        for name, table in written.items():
            unfinished = target / f".{name}.unfinished"
            table.write_parquet(unfinished, compression="zstd")
            unfinished.replace(target / f"{name}.parquet")
        return target

    def to_dataset(self, *, redacted: bool = True) -> Any:
        """The spans as a Hugging Face `Dataset`, a row each; `read_traces` reads it back.

        Personal data and secrets are masked as in `write_parquet`.
        """
        from datasets import Dataset

        spans = masked_for_writing({"spans": self.spans})["spans"] if redacted else self.spans
        return Dataset.from_polars(spans.with_columns(pl.col(pl.Enum).cast(pl.String)))

    def _extent(self) -> str:
        start = self.rows["start_time"].drop_nulls()
        if start.is_empty():
            return "no trace has a start time"
        first, last = start.sort()[[0, -1]].dt.strftime("%Y-%m-%dT%H:%M")
        return f"traces start from {first} to {last} UTC"

    def __len__(self) -> int:
        if not self.on_disk:
            return self.spans["trace_id"].n_unique()
        return self.frame.select(pl.col("trace_id").n_unique()).collect().item()

    def _table(self) -> Table:
        return trace_table(
            self.frame.select(COLUMNS_SHOWN).collect() if self.on_disk else self.spans,
            {name: getattr(self, name) for name in SIDE_TABLES},
            self.source,
        )


def _utc(moment: datetime | str) -> datetime:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError as error:
            raise LabError(f"{moment!r} is no time; write it like 2026-03-13T09:00") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
