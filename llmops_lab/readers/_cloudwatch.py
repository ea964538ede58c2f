"""Log entries out of CloudWatch's wrappers: subscriptions, event pages, Logs Insights, its CSVs.

Shapes: the Amazon CloudWatch Logs API reference (FilterLogEvents, GetLogEvents, GetQueryResults)
and its page on the record format of subscriptions. What lies inside may be of any format.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import polars as pl

from llmops_lab.readers._json import UnreadableError, list_in, object_in
from llmops_lab.readers._records import Batch, Lines, Record, object_of, records_of

_WRAPPERS: Final = (
    {"logEvents", "logGroup", "logStream", "messageType"},  # a subscription, as Firehose keeps it
    {"@message"},  # a row of Logs Insights
    {"results", "statistics", "status"},  # the answer of GetQueryResults
)
_PAGES: Final = ({"events", "searchedLogStreams"}, {"events", "nextForwardToken"})
_MESSAGE: Final = ("message", "@message")
_LOOKED_AT: Final = 20


def logged(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches; where CloudWatch wrapped their records, those that lie inside."""
    first = next(batches, [])
    some = first.start(_LOOKED_AT) if isinstance(first, Lines) else first[:_LOOKED_AT]
    found = chain([first], batches)
    is_log = any(_is_wrapped(record) for record in records_of(some))
    return map(_opened, found) if is_log else found


def log_table(frame: pl.DataFrame) -> bool:
    """Whether a table is a log: a time, and messages of which one at least is an object."""
    name = next((key for key in _MESSAGE if key in frame.columns), None)
    if name is None or not {"timestamp", "@timestamp", "@message"} & set(frame.columns):
        return False
    return any(object_in(cell) for cell in frame[name].head(_LOOKED_AT))


def _is_wrapped(record: Record) -> bool:
    try:
        entry = object_of(record)
    except UnreadableError:
        return False
    keys = entry.keys()
    known = any(keys >= wrapper for wrapper in (*_WRAPPERS, *_PAGES))
    return known or ("timestamp" in keys and bool(object_in(entry.get("message"))))


def _opened(batch: Batch) -> list[Record]:
    return [inner for record in records_of(batch) for inner in _inside(record)]


def _inside(record: Record) -> Iterator[Record]:
    try:
        entries = _unwrapped(object_of(record))
    except UnreadableError:
        yield record
        return
    yield from (Record(record.line, entry) for entry in entries)


def _unwrapped(entry: Mapping[str, Any]) -> Sequence[Any]:
    """The log entries that a record holds: many, one, or the record itself.

    A message that is no JSON object is given as it is.
    """
    for key in ("logEvents", "events"):
        if key in entry:
            return [_message(event) for event in list_in(entry[key])]
    if "results" in entry and "statistics" in entry:
        return [_message(row) for row in _rows(list_in(entry["results"]))]
    return [_message(entry) if any(key in entry for key in _MESSAGE) else entry]


def _rows(results: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Logs Insights gives a row as a list of fields and values."""
    for row in results:
        cells = [cell for cell in list_in(row) if isinstance(cell, Mapping)]
        yield {str(cell.get("field")): cell.get("value") for cell in cells}


def _message(event: Any) -> Any:
    held = event if isinstance(event, Mapping) else {}
    inner = next((held[key] for key in _MESSAGE if held.get(key)), event)
    return object_in(inner) or inner
