"""Results of Anthropic's Message Batches, one line per request, at the batch price."""

from typing import Any

from llmops_lab.readers._convert import choice, constant, words
from llmops_lab.readers._json import plain_object
from llmops_lab.readers._provider_usage import provider_fields
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record, object_of

_MESSAGE = "result.message."
_STATUS = {"succeeded": "ok", "errored": "error", "expired": "error", "canceled": "unset"}


def answers_in(record: Record) -> Exploded:
    """The line, with its answer as a message."""
    line = object_of(record)
    content = plain_object(plain_object(line.get("result")).get("message")).get("content")
    said: Any = content and [{"role": "assistant", "content": content}]
    return Exploded([Record(record.line, {**line, "said": said})])


anthropic_batch = reader(
    "anthropic-batch",
    title="Anthropic Message Batches results (JSON lines)",
    evidence="made with the tool's package",
    source="anthropic 2.14.0",
    signatures=keys("custom_id result result/type"),
    explode=answers_in,
    fields=(
        Field("span_id", f"{_MESSAGE}id|custom_id"),
        Field("name", "custom_id"),
        Field("kind", "custom_id", constant("llm")),
        Field("provider", "custom_id", constant("anthropic")),
        Field("response_model", f"{_MESSAGE}model"),
        Field("response_id", f"{_MESSAGE}id"),
        Field("service_tier", f"{_MESSAGE}usage.service_tier"),
        Field("service_tier", "custom_id", constant("batch")),
        *provider_fields(f"{_MESSAGE}usage"),
        Field("finish_reasons", f"{_MESSAGE}stop_reason", words),
        Field("status", "result.type", choice(_STATUS)),
        Field("error_type", "result.error.error.type|result.error.type"),
        Field("error_type", "result.type", choice({"expired": "expired"})),
        Field("error_message", "result.error.error.message|result.error.message"),
        Field("output", f"said|{_MESSAGE}content"),
    ),
)
