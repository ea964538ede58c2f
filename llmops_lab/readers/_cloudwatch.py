"""Log entries out of CloudWatch's wrappers: subscriptions, event pages, Logs Insights results.

Shapes: the Amazon CloudWatch Logs API reference (FilterLogEvents, GetLogEvents, GetQueryResults)
and its page on the record format of subscriptions.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from llmops_lab.readers._json import list_in, object_in

CLOUDWATCH: Final = (
    "logEvents logGroup logStream messageType",  # a subscription, as Firehose keeps it
    "message timestamp ingestionTime",  # an event of a page
    "@message @timestamp",  # a row of Logs Insights
    "results statistics status",  # the answer of GetQueryResults
)
_MESSAGE: Final = ("message", "@message")


def unwrapped(entry: Mapping[str, Any]) -> Sequence[Any]:
    """The log entries that a record holds: many, one, or the record itself.

    A message that is no JSON object is given as it is.
    """
    if "logEvents" in entry:
        return [_message(event) for event in list_in(entry["logEvents"])]
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
