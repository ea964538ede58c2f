"""Cases made of traces: candidates for a golden set, and what a scorer is shown of a trace."""

from typing import Any

import polars as pl

from llmops_lab._cases.case import Case, Source, now
from llmops_lab._privacy.masker import Masker
from llmops_lab._spans.masked import masked_table
from llmops_lab.traces import Traces

Row = dict[str, Any]


_READ = (
    "trace_id",
    "root_span_id",
    "conversation_id",
    "user_id",
    "input_text",
    "output_text",
    "negative_feedback",
    "failed_checks",
)


def asking_rows(traces: Traces, masker: Masker | None = None) -> list[Row]:
    """A row for each trace that asks something, each input once, masked if a masker is given."""
    asking = traces.rows.filter(pl.col("input_text").str.len_chars() > 0).select(_READ)
    told = masked_table(asking, masker) if masker else asking
    return told.unique("input_text", keep="first", maintain_order=True).rows(named=True)


def retrieved(traces: Traces, masker: Masker | None = None) -> dict[str, list[str]]:
    """The contents that each trace retrieved, each once, masked if a masker is given."""
    read = traces.documents.filter(pl.col("content").is_not_null()).select("trace_id", "content")
    read = masked_table(read, masker) if masker else read
    contents = pl.col("content").unique(maintain_order=True)
    return dict(read.group_by("trace_id", maintain_order=True).agg(contents).iter_rows())


def candidate(row: Row, context: list[str]) -> Case:
    """A case to be reviewed, of a row of `Traces.rows`."""
    failed = row["failed_checks"] or []
    tags = [*(["disliked"] if row["negative_feedback"] else []), *(f"failed {n}" for n in failed)]
    return Case(
        input=row["input_text"],
        expected=row["output_text"],
        label="bad" if tags else "good",
        context=context,
        tags=tags,
        cluster=row["user_id"] or row["conversation_id"],
        source=_source(row),
        created_at=now(),
        status="quarantined",
    )


def asked(row: Row, context: list[str]) -> Case:
    """What a trace was asked, with nothing expected; its id is the trace's."""
    return Case(row["input_text"] or "", id=row["trace_id"], context=context, source=_source(row))


def _source(row: Row) -> Source:
    return Source("trace", trace_id=row["trace_id"], span_id=row["root_span_id"])
