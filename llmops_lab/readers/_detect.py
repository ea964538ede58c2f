"""Which format a record is of, by its keys alone; a tie or a miss says which there are."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from llmops_lab._spans.schema import SIDE_TABLES
from llmops_lab.errors import ColumnError, FormatError
from llmops_lab.readers._json import UnreadableError, decode
from llmops_lab.readers._reader import Reader, readers


class Found(NamedTuple):
    """A reader, and the key under which the records lie when they come as a page."""

    reader: Reader
    envelope: str | None = None


_OTLP: Final = "OTLP logs or metrics, not traces; export resourceSpans"
_REQUESTS: Final = "the requests of a batch, not its answers; take the output file"
_NO_TRACES: Final[tuple[tuple[frozenset[str], str], ...]] = tuple(
    (frozenset(keys.split()), told)
    for keys, told in (
        ("resourceLogs", _OTLP),
        ("resourceMetrics", _OTLP),
        ("custom_id method url body", _REQUESTS),
        ("custom_id params", _REQUESTS),
        ("key request", _REQUESTS),
        ("traces traces[]/rootTraceName", "what a search of Tempo found, not the traces; fetch each by its traceID"),
        ("num_prompts duration completed", "only the sums of a benchmark; run it again with --save-detailed"),
        ("total_output_tokens duration completed", "only the sums of a benchmark; run it again with --output-details"),
        ("columns index data", "a table by orient='split'; write it with orient='records', lines=True"),
    )
)  # fmt: skip
_ANSWER: Final = frozenset(
    ["error", "message", "detail", "code", "status", "statusCode", "type", "title"]
)
_BY_COLUMN: Final = (
    "a table as pandas.to_json() writes it by column; add orient='records', lines=True"
)


def _is_by_column(value: Mapping[str, Any]) -> bool:
    """`{"id": {"0": …, "1": …}, …}` or, by row number, `{"0": {"id": …}, …}`."""
    inner = list(value.values())[:3]
    numbers = [set(map(str, each)) for each in inner if each and isinstance(each, Mapping)]
    outer_is_numbers = all(str(key).isdigit() for key in list(value)[:3])
    inner_is_numbers = all(all(key.isdigit() for key in keys) for keys in numbers)
    return bool(numbers) and len(numbers) == len(inner) and (outer_is_numbers or inner_is_numbers)


def key_paths(value: Any) -> set[str]:
    """The keys of an object, those one level below (`a/b`), and of a list's first item (`a[]/b`)."""
    if not isinstance(value, Mapping):
        return set()
    paths = {str(key) for key in value}
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            paths |= {f"{key}/{below}" for below in inner}
        elif isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
            paths |= {f"{key}[]/{below}" for below in inner[0]}
    return paths


def detect(samples: Iterable[Any], name: str, *, wanted: str | None = None) -> Found:
    """The reader for the first sample that any reader knows.

    Raises FormatError when none or more than one does, UnknownPartError for a wrong `wanted`.
    """
    candidates = [readers[wanted]] if wanted else list(readers.values())
    first: Any = None
    for sample in samples:
        value = _value(sample)
        if not isinstance(value, Mapping):
            continue
        first = first or value
        if _is_by_column(value):
            raise FormatError(f"{name} holds {_BY_COLUMN}")
        found = _in(value, candidates, name)
        if found:
            return found
    if wanted:
        return Found(candidates[0])
    if first is None:
        raise FormatError(f"{name} holds no records (JSON objects)")
    told = next((way for keys, way in _NO_TRACES if keys <= key_paths(first)), None)
    if told or ("error" in first and first.keys() <= _ANSWER):
        raise FormatError(f"{name} holds {told or 'the error that an API answered, no traces'}")
    shown = ", ".join(sorted(map(str, first))[:12])
    raise FormatError(
        f"{name} is of no known format (its keys: {shown}); pass format= ({', '.join(readers)}) "
        "or mapping= to say which column is which"
    )


def _value(sample: Any) -> Any:
    if isinstance(sample, Mapping):
        return sample
    try:
        return decode(sample)
    except (UnreadableError, TypeError):
        return None


def _in(value: Mapping[str, Any], candidates: list[Reader], name: str) -> Found | None:
    found = best(key_paths(value), candidates, name)
    if found:
        return Found(found)
    for key, inner in value.items():
        items: list[Any] = inner if isinstance(inner, list) else []
        item = next((item for item in items if isinstance(item, Mapping)), None)
        if item:
            found = best(key_paths(item), candidates, name)
            if found:
                return Found(found, key)
    return None


def best(keys: set[str], candidates: Iterable[Reader], name: str) -> Reader | None:
    """The reader whose largest signature the keys fulfil; FormatError when two are as large."""
    scores = {
        reader.name: max((len(s) for s in reader.signatures if s <= keys), default=0)
        for reader in candidates
    }
    top = max(scores.values(), default=0)
    winners = [key for key, score in scores.items() if score == top]
    if not top:
        return None
    if len(winners) > 1:
        raise FormatError(f"{name} could be {' or '.join(winners)}; pass format= to say which")
    return readers[winners[0]]


def detect_table(frame: pl.DataFrame, name: str) -> Reader:
    """The reader that knows the frame's columns. Raises FormatError as `detect` does."""
    found = best(set(frame.columns), readers.values(), name)
    if found:
        return found
    shown = ", ".join(frame.columns[:12])
    raise FormatError(
        f"{name} is of no known format (its columns: {shown}); pass format= "
        f"({', '.join(readers)}) or mapping= to say which column is which"
    )


def check_mapping(reader: Reader, columns: list[str]) -> None:
    """Raises ColumnError when the mapping names a column that the table lacks."""
    wanted = {path for field in reader.fields for path in field.paths.split("|")}
    heads = {path for path in wanted if path not in columns and path.split(".")[0] not in columns}
    if heads:
        raise ColumnError(heads, columns)


def has_spans(reader: Reader, columns: list[str]) -> bool:
    """Whether a table holds a span a row; else its rows are documents to open."""
    return any(
        path in columns
        for field in reader.fields
        if field.column == "span_id"
        for path in field.paths.split("|")
    )


def canonical_table(frame: pl.DataFrame) -> str | None:
    """The name of our own table that the frame is, as `Traces.write_parquet` leaves it."""
    columns = set(frame.columns)
    if columns >= {"source_format", "usage_role", "trace_id", "span_id", "cost_source"}:
        return "spans"
    return next((name for name, schema in SIDE_TABLES.items() if columns == set(schema)), None)
