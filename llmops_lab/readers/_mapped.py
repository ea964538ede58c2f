"""Any table as traces: a reader made from "canonical column → its column"."""

from collections.abc import Mapping

import polars as pl

from llmops_lab._spans.schema import KIND, SPANS, STATUS
from llmops_lab.errors import LabError
from llmops_lab.readers._convert import Convert, choice, flag, number, text, whole, word, words
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, Reader

_BY_TYPE: dict[pl.DataType, Convert] = {
    pl.Int64(): whole,
    pl.Float64(): number,
    pl.Boolean(): flag,
    pl.List(pl.String): words,
    KIND: choice({kind: kind for kind in KIND.categories}),
    STATUS: choice({status: status for status in STATUS.categories}),
}
_VERBATIM = ("input_text", "output_text", "error_message")
_MOMENTS = {"start_time": "start_ns", "end_time": "end_ns", "first_token_time": "first_token_ns"}
_LOOSE = ("input", "output")


def mapped_reader(mapping: Mapping[str, str]) -> Reader:
    """A reader of tables with these columns.

    Beside the canonical columns there are `first_token_time`, and `input` and `output` for
    columns that may hold messages. Raises LabError for a name that is none of them.
    """
    known = {*SPANS, *_MOMENTS, *_LOOSE} - {"attributes", "source_format", "source_file"}
    strange = sorted(set(mapping) - known)
    if strange:
        raise LabError(
            f"mapping gives {', '.join(strange)}, which is no column of traces; "
            f"there are: {', '.join(sorted(known))}"
        )
    fields = tuple(_field(column, path) for column, path in mapping.items())
    required = ("span_id",) if "span_id" in mapping else ()
    return Reader(
        "table", title="Any table, by mapping", fields=fields, finish=_kind, required=required
    )


def _field(column: str, path: str) -> Field:
    if column in _MOMENTS:
        return Field(_MOMENTS[column], path, moment("any"))
    if column in _LOOSE:
        return Field(column, path)
    return Field(column, path, text if column in _VERBATIM else _BY_TYPE.get(SPANS[column], word))


def _kind(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a plain table are calls unless it says otherwise."""
    return frame.with_columns(pl.col("kind").cast(pl.String).fill_null("llm"))
