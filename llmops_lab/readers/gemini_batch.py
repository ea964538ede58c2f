"""Batch output of Gemini: Vertex AI's lines (with request and time) and the Gemini API's (with key)."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import (
    Column,
    Values,
    constant,
    gentle,
    number,
    one_by_one,
    whole,
    word,
)
from llmops_lab.readers._json import list_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._provider_usage import provider_fields
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record, object_of

_CONFIG = "request.generationConfig."


def calls_in(record: Record) -> Exploded:
    """The call, with the messages of its contents and candidates."""
    line = object_of(record)
    request = plain_object(line.get("request"))
    system = plain_object(request.get("systemInstruction"))
    asked = [{**system, "role": "system"}] if system else []
    asked += _contents(list_in(request.get("contents")), "user")
    candidates = list_in(plain_object(line.get("response")).get("candidates"))
    said = _contents(map(_content, candidates), "model")
    return Exploded([Record(record.line, {**line, "asked": asked or None, "said": said or None})])


def _content(candidate: Any) -> Any:
    return candidate.get("content") if isinstance(candidate, Mapping) else None


def _contents(found: Iterable[Any], role: str) -> list[dict[str, Any]]:
    """Contents as messages; one turn alone may go without its role."""
    return [{"role": role, **each} for each in found if isinstance(each, Mapping)]


def _outcome(values: Values) -> Column:
    """Vertex AI writes why a request failed; nothing where it did not."""
    why = pl.col("x").str.strip_chars()
    found = pl.when(why == "").then(pl.lit("ok")).when(why.is_not_null()).then(pl.lit("error"))
    texts = one_by_one(values, pl.String(), str).series
    return Column(texts.to_frame("x").select(x=found)["x"])


def _reasons(values: Values) -> Column:
    def reasons(candidates: Any) -> list[str] | None:
        told = (plain_object(each).get("finishReason") for each in list_in(candidates))
        return [reason for reason in told if isinstance(reason, str)] or None

    return one_by_one(values, pl.List(pl.String), reasons)


gemini_batch = reader(
    "gemini-batch",
    title="Gemini batch output (Vertex AI, Gemini API; JSON lines)",
    evidence="made with the tool's package",
    source="google-genai 3.6.1 (responses and errors)",
    signatures=keys(
        "processed_time request response",
        "key response response/candidates",
        "key error error/code",
    ),
    explode=calls_in,
    required=("kind",),
    fields=(
        Field("span_id", "response.responseId"),
        Field("name", "key|request.labels.custom_id"),
        Field("kind", "response", constant("llm")),
        Field("kind", "error", constant("llm")),
        Field("start_ns", "response.createTime|processed_time", moment()),
        Field("provider", "processed_time", constant("gcp.vertex_ai")),
        Field("provider", "key", constant("gcp.gemini")),
        Field("response_model", "response.modelVersion"),
        Field("response_id", "response.responseId"),
        Field("service_tier", "response", constant("batch")),
        *provider_fields("response.usageMetadata"),
        Field("finish_reasons", "response.candidates", _reasons),
        Field("temperature", f"{_CONFIG}temperature", gentle(number)),
        Field("top_p", f"{_CONFIG}topP", gentle(number)),
        Field("max_tokens", f"{_CONFIG}maxOutputTokens", gentle(whole)),
        Field("status", "status", _outcome),
        Field("status", "error", constant("error")),
        Field("status", "response", constant("ok")),
        Field("error_type", "error.status|error.code"),
        Field("error_message", "status|error.message", word),
        Field("input", "asked|request.contents|request.systemInstruction"),
        Field("output", "said|response.candidates"),
    ),
)
