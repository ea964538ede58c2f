"""Langfuse: one trace with its observations, as the UI (old and new) and the API give it."""

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
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])
# What else a trace says of itself goes to its roots, once.
_OF_ROOTS = ("metadata", "public", "externalId", "version")
_HAS_PARENT = re.compile(rb'"parentObservationId"\s*:\s*"')
_OF_TRACE = ("id", "name", "userId", "sessionId", "tags", "release", "environment")


def observations_in(record: Record) -> Exploded:
    """The observations of one download, each with its trace, and the trace's scores."""
    try:
        observations, trace, scores = _opened(_bytes(record.data))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        whole = object_of(record)
        trace = object_in(whole.get("trace", whole)) or {}
        observations = list_in(whole.get("observations")) or list_in(trace.get("observations"))
        scores = list_in(whole.get("scores")) or list_in(trace.get("scores"))
    context = {"trace": {key: trace.get(key) for key in _OF_TRACE}}
    more = {key: trace[key] for key in _OF_ROOTS if trace.get(key) not in _NOTHING}
    of_roots = {"trace": {**context["trace"], **more}}
    found = [
        Record(record.line, data, of_roots if more and _is_root(data) else context)
        for data in observations
    ]
    given = [*scores, *(trace.get("corrections") or ())]
    return Exploded(found, {"scores": score_rows(given)})


def _opened(data: Any) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Observations, the trace and its scores; the API's trace holds the other two."""
    download = _DOWNLOAD.decode(data)
    told = _KEYS.decode(data) if download.trace is None else download.trace
    trace = {key: decode(raw) for key, raw in told.items() if key in _WANTED}
    inside = decode(told.get("scores", msgspec.Raw(b"[]")))
    beside = decode(download.scores) if download.trace is not None else ()
    return list(download.observations), trace, [*(inside or ()), *(beside or ())]


_NOTHING: tuple[Any, ...] = (None, False, "", "null", "{}", {}, [])
_WANTED = frozenset((*_OF_TRACE, *_OF_ROOTS, "corrections"))


def _is_root(observation: Any) -> bool:
    if isinstance(observation, msgspec.Raw):
        return _HAS_PARENT.search(memoryview(observation)) is None
    return isinstance(observation, Mapping) and not observation.get("parentObservationId")


def _bytes(data: Any) -> Any:
    return msgspec.json.encode(data, enc_hook=str) if isinstance(data, Mapping) else data


langfuse = reader(
    "langfuse",
    title="Langfuse trace with observations (UI download, API trace)",
    evidence="real file",
    signatures=keys(
        "trace observations",
        "trace trace/observations",
        "observations scores",
        "id timestamp name htmlPath observations observations[]/id observations[]/traceId scores",
    ),
    explode=observations_in,
    fields=OBSERVATION,
    raw=frozenset({"input", "output"}),
    repeats=REPEATS,
    finish=with_counted_subsets,
    side_rows=attribute_rows("metadata.attributes."),
)
