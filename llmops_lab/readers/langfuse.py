"""Langfuse: the UI's download of one trace, in its old and its current shape."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from llmops_lab.readers._json import decode, list_in, object_in
from llmops_lab.readers._langfuse import OBSERVATION, REPEATS, score_rows, with_counted_subsets
from llmops_lab.readers._reader import Exploded, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import attribute_rows


class _Download(msgspec.Struct):
    observations: list[msgspec.Raw]
    trace: dict[str, msgspec.Raw] | None = None
    scores: msgspec.Raw = msgspec.Raw(b"[]")


_DOWNLOAD = msgspec.json.Decoder(_Download)
# What else a trace says of itself goes to its roots, once.
_OF_ROOTS = ("metadata", "public", "externalId", "version")
_HAS_PARENT = re.compile(rb'"parentObservationId"\s*:\s*"')
_OF_TRACE = ("id", "name", "userId", "sessionId", "tags", "release", "environment")


def observations_in(record: Record) -> Exploded:
    """The observations of one download, each with its trace, and the trace's scores."""
    try:
        download = _DOWNLOAD.decode(_bytes(record.data))
        observations: list[Any] = list(download.observations)
        trace = {key: decode(raw) for key, raw in (download.trace or {}).items() if key in _WANTED}
        scores = decode(download.scores)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        whole = object_of(record)
        observations, trace = (
            list_in(whole.get("observations")),
            object_in(whole.get("trace")) or {},
        )
        scores = list_in(whole.get("scores"))
    context = {"trace": {key: trace.get(key) for key in _OF_TRACE}}
    more = {key: trace[key] for key in _OF_ROOTS if trace.get(key) not in _NOTHING}
    of_roots = {"trace": {**context["trace"], **more}}
    found = [
        Record(record.line, data, of_roots if more and _is_root(data) else context)
        for data in observations
    ]
    given = [*(trace.get("scores") or ()), *(trace.get("corrections") or ()), *(scores or ())]
    return Exploded(found, {"scores": score_rows(given)})


_NOTHING: tuple[Any, ...] = (None, False, "", "null", "{}", {}, [])
_WANTED = frozenset((*_OF_TRACE, *_OF_ROOTS, "scores", "corrections"))


def _is_root(observation: Any) -> bool:
    if isinstance(observation, msgspec.Raw):
        return _HAS_PARENT.search(memoryview(observation)) is None
    return isinstance(observation, Mapping) and not observation.get("parentObservationId")


def _bytes(data: Any) -> Any:
    return msgspec.json.encode(data, enc_hook=str) if isinstance(data, Mapping) else data


langfuse = reader(
    "langfuse",
    title="Langfuse trace download (UI)",
    evidence="real file",
    signatures=keys("trace observations", "observations scores"),
    explode=observations_in,
    fields=OBSERVATION,
    raw=frozenset({"input", "output"}),
    repeats=REPEATS,
    finish=with_counted_subsets,
    side_rows=attribute_rows("metadata.attributes."),
)
