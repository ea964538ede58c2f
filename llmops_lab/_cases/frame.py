"""Cases as columns."""

from collections.abc import Sequence

import msgspec
import polars as pl

from llmops_lab._cases.case import Case, as_text

CASE_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "input": pl.String(),
    "expected": pl.String(),
    "label": pl.String(),
    "rubric": pl.String(),
    "context": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "split": pl.String(),
    "cluster": pl.String(),
    "weight": pl.Float64(),
    "severity": pl.String(),
    "metadata": pl.String(),
    "source_kind": pl.String(),
    "source_trace_id": pl.String(),
    "source_span_id": pl.String(),
    "source_run_id": pl.String(),
    "source_case_id": pl.String(),
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    "created_by": pl.String(),
    "created_at": pl.String(),
    "reviewed_by": pl.String(),
    "reviewed_at": pl.String(),
    "status": pl.String(),
    "content_hash": pl.String(),
    "rev": pl.Int64(),
}


def case_frame(cases: Sequence[Case]) -> pl.DataFrame:
    """One row per case, in order."""
    columns = {name: [_value(case, name) for case in cases] for name in CASE_COLUMNS}
    return pl.DataFrame(columns, schema=CASE_COLUMNS)


def _value(case: Case, name: str) -> object:
    if name.startswith("source_"):
        return getattr(case.source, name.removeprefix("source_"))
    if name == "metadata":
        return msgspec.json.encode(case.metadata, order="sorted").decode()
    if name == "expected":
        return None if case.expected is None else as_text(case.expected)
    return case.text if name == "input" else getattr(case, name)
