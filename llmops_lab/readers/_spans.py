"""From a batch of records to canonical spans: the one path that every reader's table takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import polars as pl

from llmops_lab._spans.schema import SPANS
from llmops_lab.readers._buckets import Buckets
from llmops_lab.readers._convert import Column, Convert, Values
from llmops_lab.readers._kind_rows import kind_rows
from llmops_lab.readers._reader import Reader, Rows
from llmops_lab.readers._records import RecordTree, Rejection
from llmops_lab.readers._table import TableTree
from llmops_lab.readers._texts import Texts, json_series, texts_of

Batch = RecordTree | TableTree

_MOMENTS = ("start_ns", "end_ns", "first_token_ns")
_LOOSE = ("input", "output")
_ERROR_TYPE = r"^([A-Za-z_][\w.]*(?:Error|Exception|Timeout|Failure|Limit\w*))(?:: |\()"
_OUTCOME = frozenset({"status", "error_type", "error_message"})
_LONGEST_S = 1e9  # thirty years; in nanoseconds no more than half of 64 bits
_COSTS = ("cost_reported_usd", "cost_input_reported_usd", "cost_output_reported_usd")


@dataclass(frozen=True)
class Spans:
    """Canonical spans of one batch, rows for the side tables, and (line, reason) of those set aside."""

    frame: pl.DataFrame
    side_rows: dict[str, Rows] = field(default_factory=dict[str, Rows])
    rejected: list[Rejection] = field(default_factory=list[Rejection])


def read_spans(batch: Batch, reader: Reader, *, source: str) -> Spans:
    """The batch's spans in canonical columns; a record with an unreadable field is set aside."""
    batch.skip(reader.repeats)
    columns: dict[str, pl.Series] = {}
    loose: dict[str, list[Any]] = {}
    problems: dict[int, str] = {}
    for found in reader.fields:
        for path in found.paths.split("|"):
            values = batch.column(path)
            if values is None:
                continue
            if found.column in _LOOSE:
                loose[found.column] = _first_of(loose.get(found.column), values)
                continue
            column = _converted(found.convert, batch, path, values)
            known = columns.get(found.column)
            columns[found.column] = (
                column.series
                if known is None
                else known.zip_with(known.is_not_null(), column.series)
            )
            for row, reason in column.problems.items():
                if known is None or known[row] is None:
                    problems.setdefault(row, f"{path}: {reason}")
    frame = pl.DataFrame({"source_row": pl.Series(batch.lines, dtype=pl.UInt32), **columns})
    frame = _with_gaps(frame, reader, source)
    if reader.is_silent_of_success or not _OUTCOME.isdisjoint(columns):
        frame = frame.with_columns(pl.col("status").cast(pl.String).fill_null("unset"))
    frame = _with_texts(frame, texts_of(loose, len(batch)))
    frame = frame.with_columns(attributes=_rest(batch))
    frame = _with_times(frame)
    frame = reader.finish(frame) if reader.finish else frame
    frame = _with_tokens(frame)
    frame = frame if "span_id" in reader.required else _numbered(frame, source)
    side = _side_rows(batch, frame, reader, loose.get("output"))
    return _set_aside(frame, side, problems, batch, reader)


def _converted(convert: Convert, batch: Batch, path: str, values: Values) -> Column:
    if isinstance(convert, Buckets) and path in batch.keys:
        branch = batch.branch(path)  # opened once for all of its buckets
        branch.skip(branch.keys)
        return convert.of(branch, len(batch))
    return convert(values)


def _side_rows(
    batch: Batch, frame: pl.DataFrame, reader: Reader, outputs: list[Any] | None
) -> dict[str, Rows]:
    """Rows that the reader knows of; where it has none, those that kinds and outputs tell."""
    told = dict(reader.side_rows(batch, frame)) if reader.side_rows else {}
    for name, rows in kind_rows(frame, outputs).items() if outputs else ():
        known = {row.get("span_id") for row in told.get(name, ())}
        told[name] = [*told.get(name, ()), *(r for r in rows if r["span_id"] not in known)]
    return told


def _first_of(known: list[Any] | None, values: Values) -> list[Any]:
    if known is None:
        return list(values)
    return [
        new if old is None or old == "" else old for old, new in zip(known, values, strict=True)
    ]


def _with_gaps(frame: pl.DataFrame, reader: Reader, source: str) -> pl.DataFrame:
    """Every canonical column, null where the source has none."""
    extra = {**dict.fromkeys(_MOMENTS, pl.Int64()), **SPANS}
    return frame.with_columns(
        *(
            pl.lit(None, dtype).alias(name)
            for name, dtype in extra.items()
            if name not in frame.columns
        )
    ).with_columns(source_format=pl.lit(reader.name), source_file=pl.lit(source))


def _numbered(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """A log without ids: its file and row number are the id."""
    number = pl.format("{}:{}", pl.lit(PurePath(source).name), "source_row")
    return frame.with_columns(span_id=pl.coalesce("span_id", number))


def _with_texts(frame: pl.DataFrame, texts: Texts) -> pl.DataFrame:
    return frame.with_columns(
        pl.coalesce(pl.col(name), series).alias(name) for name, series in texts.items()
    )


def _rest(batch: Batch) -> pl.Series:
    """What no field asked for, as JSON; attributes lie at its top, whatever the format."""
    return json_series(batch.lifted_rests("attributes"))


def _with_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Durations from the two timestamps, before they are cut to microseconds.

    A duration that the source states is used only where it has no end, and gives the end.
    """
    start, end, first = (pl.col(name) for name in _MOMENTS)
    stated = pl.when(pl.col("duration_s").abs() < _LONGEST_S).then("duration_s")
    stated_ns = (stated * 1e9).round().cast(pl.Int64)
    frame = frame.with_columns(end_ns=pl.coalesce(end, start + stated_ns))
    took, waited = frame.select(
        took=pl.when(end >= start).then(end - start),
        waited=pl.when(first.is_between(start, end.fill_null(first))).then(first - start),
    )
    both = (start + end).is_not_null()
    return frame.with_columns(
        start_time=_moment(start),
        end_time=_moment(end),
        duration_s=pl.when(both).then(_seconds(took)).otherwise("duration_s"),
        ttft_s=pl.coalesce(_seconds(waited), "ttft_s"),
        kind=pl.col("kind").cast(pl.String).fill_null("other"),
        error_type=pl.coalesce("error_type", pl.col("error_message").str.extract(_ERROR_TYPE)),
    ).drop(_MOMENTS)


def _seconds(nanoseconds: pl.Series) -> pl.Series:
    """Divided in numpy: Polars multiplies by 1e-9, which turns 6.991 into 6.9910000000000005."""
    return pl.Series(nanoseconds.to_numpy() / 1e9, dtype=pl.Float64).fill_nan(None)


def _moment(nanoseconds: pl.Expr) -> pl.Expr:
    return nanoseconds.cast(pl.Datetime("ns", "UTC")).cast(pl.Datetime("us", "UTC"))


def _with_tokens(frame: pl.DataFrame) -> pl.DataFrame:
    """Input tokens include cached ones, as OpenTelemetry counts; a cost of 0 is an unknown cost.

    More cached tokens than input tokens show a source that counts them apart.
    """
    cached = pl.col("cache_read_tokens").fill_null(0) + pl.col("cache_write_tokens").fill_null(0)
    inclusive = pl.when(cached > pl.col("input_tokens")).then(pl.col("input_tokens") + cached)
    return frame.with_columns(
        inclusive.otherwise("input_tokens").alias("input_tokens"),
        *(pl.when(pl.col(name) != 0).then(name).alias(name) for name in _COSTS),
    )


def _set_aside(
    frame: pl.DataFrame,
    side: dict[str, Rows],
    problems: dict[int, str],
    batch: Batch,
    reader: Reader,
) -> Spans:
    for name in reader.required:
        for row in frame[name].is_null().arg_true():
            problems.setdefault(row, f"no {name}")
    kept = frame.select(pl.col(name).cast(dtype) for name, dtype in SPANS.items())
    if not problems:
        return Spans(kept, side)
    bad = pl.Series(sorted(problems), dtype=pl.UInt32)
    row = pl.int_range(pl.len(), dtype=pl.UInt32)
    gone = set(kept.filter(row.is_in(bad.implode()))["span_id"])
    side = {
        n: [r for r in rows if r.get("span_id") not in gone - {None}] for n, rows in side.items()
    }
    rejected = [(batch.lines[row], problems[row]) for row in sorted(problems)]
    return Spans(kept.filter(~row.is_in(bad.implode())), side, rejected)


def rejected_rows(
    rejected: Iterable[Rejection | tuple[None, str]], source: str
) -> Sequence[dict[str, Any]]:
    """Rows of the rejected table; the line is null where it is the whole file."""
    return [{"source_file": source, "line": n, "reason": why} for n, why in rejected]
