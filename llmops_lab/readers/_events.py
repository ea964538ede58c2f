"""What span events tell: the first token, the exception, messages (semantic conventions <= 1.36)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import Column, Convert, Values, one_by_one, text_of
from llmops_lab.readers._json import list_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._otel_values import attributes_of
from llmops_lab.readers._reader import Field
from llmops_lab.readers._side_rows import as_number

_FIRST_TOKEN = ("first token stream event", "gen_ai.first_token", "llm.first_token", "new_token")
_TIMES = ("timeUnixNano", "time_unix_nano", "timestamp", "time")
# The convention does not say who judged; people's thumbs are named so by every tool.
_BY_PEOPLE = re.compile(r"(?i)thumb|user.?feedback|human|rating")
_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def _events(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for event in list_in(value):
        if isinstance(event, dict):
            yield str(event.get("name")), event


def first_token(values: Values) -> Column:
    """When the first token came, in nanoseconds."""

    def time_of(value: Any) -> Any:
        for name, event in _events(value):
            if name.lower() in _FIRST_TOKEN:
                return next((event[key] for key in _TIMES if event.get(key) is not None), None)
        return None

    return Column(moment("ns")([time_of(value) for value in values]).series)


def exception(part: str) -> Convert:
    """An attribute of the first exception event: `type` or `message`."""

    def read(value: Any) -> str | None:
        for name, event in _events(value):
            if name in ("exception", "gen_ai.client.operation.exception"):
                attributes = attributes_of(event.get("attributes"))
                return text_of(attributes.get(f"exception.{part}"))
        return None

    return lambda values: one_by_one(values, pl.String(), read)


EVENT_FIELDS: tuple[Field, ...] = (
    Field("first_token_ns", "events", first_token),
    Field("error_type", "events", exception("type")),
    Field("error_message", "events", exception("message")),
)


def messages_of(events: Any) -> dict[str, Any]:
    """Input and output messages where events carry them, in their order."""
    told: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for name, event in _events(events):
        body = {**plain_object(event.get("body")), **attributes_of(event.get("attributes"))}
        if name in _ROLES:
            told.append({"role": _ROLES[name], **body})
        elif name == "gen_ai.choice":
            message = plain_object(body.get("message"))
            answers.append({"role": "assistant", **body, **message})
    found = {"input": told or None, "output": answers or None}
    return {key: value for key, value in found.items() if value}


def evaluation(event: Mapping[str, Any], _: int) -> dict[str, Any] | None:
    """A row of the scores table from a `gen_ai.evaluation.result` event; None for others."""
    if event.get("name") != "gen_ai.evaluation.result":
        return None
    attributes = attributes_of(event.get("attributes"))
    value = as_number(attributes.get("gen_ai.evaluation.score.value"))
    name = text_of(attributes.get("gen_ai.evaluation.name"))
    label = text_of(attributes.get("gen_ai.evaluation.score.label"))
    return {
        "name": name,
        "value": value,
        "label": label,
        "data_type": "categorical" if value is None else "numeric",
        "source": "human" if _BY_PEOPLE.search(f"{name} {label}") else "unknown",
        "explanation": text_of(attributes.get("gen_ai.evaluation.explanation")),
    }
