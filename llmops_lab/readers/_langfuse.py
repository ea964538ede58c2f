"""What Langfuse's exports share: the observation's fields, its usage buckets, its scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from llmops_lab.readers._buckets import Buckets
from llmops_lab.readers._convert import (
    Column,
    Convert,
    Values,
    choice,
    gentle,
    number,
    text_of,
    whole,
    word,
    words,
)
from llmops_lab.readers._dialects import LANGFUSE_KINDS, attribute_fields
from llmops_lab.readers._json import list_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import TRACE_ROW, Field, Rows
from llmops_lab.readers._side_rows import as_number, attribute_rows
from llmops_lab.readers._tree import Tree


def bucket_sum(part: str) -> Convert:
    """Tokens of every usage bucket whose name holds `part`: Langfuse counts cached ones apart.

    Source: Langfuse `reduceUsageOrCostDetails`.
    """
    return Buckets(lambda name: part in name, whole)


def bucket(*names: str) -> Convert:
    """Tokens of the buckets with these exact names."""
    return Buckets(names.__contains__, whole)


def bucket_cost(name: str) -> Convert:
    """Dollars of one entry of the cost details."""
    return Buckets(name.__eq__, number)


def _level(values: Values) -> Column:
    return choice({"error": "error", "default": "ok", "debug": "ok", "warning": "ok"})(values)


_READ = (
    "cache_read_input_tokens",
    "input_cached_tokens",
    "input_cache_read",
    "input_cached",
    "prompt_details.cache_read",
)
_WRITTEN = (
    "cache_creation_input_tokens",
    "input_cache_creation",
    "input_cache_creation_5m",
    "input_cache_creation_1h",
    "input_cache_write",
)
_REASONED = ("output_reasoning_tokens", "output_reasoning", "completion_details.reasoning")


# Langfuse leaves usage empty where a span only repeats its children's: the attributes it was made
# from must not bring that back. Their cached and reasoning tokens say more than its buckets.
_COUNTED = ("input_tokens", "output_tokens", "total_tokens_reported", "cost_reported_usd")
_SUBSETS = ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def with_counted_subsets(spans: pl.DataFrame) -> pl.DataFrame:
    """Cached and reasoning tokens only where Langfuse counted the call they are part of."""
    counted = pl.any_horizontal(pl.col(name).is_not_null() for name in _COUNTED[:2])
    return spans.with_columns(pl.when(counted).then(name).alias(name) for name in _SUBSETS)


# The Vercel AI SDK's outer spans: they wrap the call, they are not it.
_OUTER_CALLS: dict[str, str] = dict.fromkeys(
    ("ai.generatetext", "ai.streamtext", "ai.generateobject", "ai.streamobject"), "chain"
)


def observation_fields(**paths: str) -> tuple[Field, ...]:
    """The observation's fields; `paths` names the keys of one of the export's spellings."""
    return (
        Field("trace_id", paths["trace_id"]),
        Field("span_id", "id"),
        Field("parent_span_id", paths["parent"]),
        Field("name", "name"),
        Field("start_ns", paths["start"], moment()),
        Field("end_ns", paths["end"], moment()),
        Field("first_token_ns", paths["first_token"], gentle(moment())),
        Field("kind", "metadata.attributes.ai.operationId", choice(_OUTER_CALLS)),
        Field("kind", "type", choice(LANGFUSE_KINDS)),
        Field("operation", "type"),
        Field("scope_name", "metadata.scope.name"),
        Field("status", "level", _level),
        Field("error_message", paths["status_message"]),
        *_counted(paths["usage"], paths["cost"], paths["total_cost"]),
        Field("prompt_name", paths["prompt_name"]),
        Field("prompt_version", paths["prompt_version"]),
        Field("conversation_id", paths["session"]),
        Field("user_id", paths["user"]),
        Field("environment", "environment"),
        Field("release", "release|trace.release|version"),
        Field("tags", paths["tags"], words),
        Field("temperature", f"{paths['parameters']}.temperature", gentle(number)),
        Field("top_p", f"{paths['parameters']}.top_p", gentle(number)),
        Field(
            "max_tokens",
            f"{paths['parameters']}.max_tokens|{paths['parameters']}.maxTokens",
            gentle(whole),
        ),
        Field("input", "input"),
        Field("output", "output"),
        *attribute_fields("metadata.attributes.", without=_COUNTED),
        Field("request_model", paths["model"]),
        Field("service_name", "metadata.resourceAttributes.service.name", word),
    )


def _counted(usage: str, cost: str, total_cost: str) -> tuple[Field, ...]:
    """Tokens and costs, from buckets that the export's user may have named."""
    return (
        Field("input_tokens", usage, bucket_sum("input")),
        Field("output_tokens", usage, bucket_sum("output")),
        Field("cache_read_tokens", usage, bucket(*_READ)),
        Field("cache_write_tokens", usage, bucket(*_WRITTEN)),
        Field("cache_write_1h_tokens", usage, bucket("input_cache_creation_1h")),
        Field("reasoning_tokens", usage, bucket(*_REASONED)),
        Field(
            "input_audio_tokens",
            usage,
            bucket("input_audio", "input_audio_tokens", "prompt_details.audio"),
        ),
        Field(
            "output_audio_tokens",
            usage,
            bucket("output_audio", "output_audio_tokens", "completion_details.audio"),
        ),
        Field("total_tokens_reported", usage, bucket("total")),
        Field("input_tokens", "usage", bucket("input")),
        Field("output_tokens", "usage", bucket("output")),
        Field("cost_reported_usd", cost, bucket_cost("total")),
        Field("cost_reported_usd", total_cost, number),
        Field("cost_input_reported_usd", cost, bucket_cost("input")),
        Field("cost_output_reported_usd", cost, bucket_cost("output")),
    )


OBSERVATION = observation_fields(
    trace_id="traceId",
    parent="parentObservationId",
    start="startTime",
    end="endTime",
    first_token="completionStartTime",  # noqa: S106
    status_message="statusMessage",
    usage="usageDetails",
    cost="costDetails",
    total_cost="totalCost|calculatedTotalCost",
    prompt_name="promptName",
    prompt_version="promptVersion",
    session="sessionId|trace.sessionId",
    user="userId|trace.userId",
    tags="tags|traceTags|trace.tags",
    parameters="modelParameters",
    model="model|providedModelName",
)

REPEATS = frozenset(
    [
        "latency",
        "latencyMs",
        "timeToFirstToken",
        "timeToFirstTokenMs",
        "inputUsage",
        "outputUsage",
        "totalUsage",
        "inputCost",
        "outputCost",
        "internalModel",
        "time_to_first_token",
    ]
)
_NO_SCORES = frozenset(
    [
        "projectId",
        "createdAt",
        "updatedAt",
        "promptId",
        "internalModelId",
        "usagePricingTierId",
        "usagePricingTierName",
        "toolDefinitions",
        "providedCostDetails",
        "bookmarked",
        "public",
        "traceName",
        "tags",
        "traceTags",
        "toolCalls",
        "toolCallNames",
        "comments",
        "tool_calls",
        "tool_call_names",
        "observations",
        "scores",
        "availableTools",
        "input",
        "output",
        "metadata",
        "modelParameters",
        "usageDetails",
        "costDetails",
    ]
)
_from_attributes = attribute_rows("metadata.attributes.")


def observation_side_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    """Rows that attributes tell, and scores: exports give each score name a column of lists."""
    found = dict(_from_attributes(tree, spans))
    known = {path for field in OBSERVATION for path in field.paths.split("|")}
    unknown = sorted(tree.keys - known - _NO_SCORES - REPEATS)
    columns = {name: tree.values(name) for name in unknown}
    listed = {name: values for name, values in columns.items() if any(map(_may_be_list, values))}
    ids = spans.select("trace_id", "span_id", "operation").rows() if listed else []
    for name, values in listed.items():
        for (trace_id, span_id, operation), value in zip(ids, values, strict=True):
            on_trace = operation == TRACE_ROW
            keys = {"trace_id": trace_id, "span_id": None if on_trace else span_id, "name": name}
            found["scores"] += [{**keys, **_flat_score(item)} for item in _plain_items(value)]
    return found


def _may_be_list(value: Any) -> bool:
    """Whether a value is a list or may hold one as text."""
    if value is None or type(value) is not msgspec.Raw:
        return value is not None
    return bytes(memoryview(value)[:2]).startswith((b"[", b'"['))


def _plain_items(value: Any) -> list[Any]:
    items = list_in(value)
    return items if all(isinstance(item, (str, int, float)) for item in items) else []


def _flat_score(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"label": value, "data_type": "categorical", "source": "unknown"}
    kind = "boolean" if isinstance(value, bool) else "numeric"
    return {"value": float(value), "data_type": kind, "source": "unknown"}


_SCORE_SOURCES = {"EVAL": "llm", "ANNOTATION": "human", "API": "api"}


def score_rows(scores: Sequence[Any]) -> Rows:
    """Rows of the scores table from Langfuse's score objects, camelCase or snake_case."""
    return [_score(score) for score in scores if isinstance(score, Mapping)]


def _score(score: Mapping[str, Any]) -> dict[str, Any]:
    of = _subject(score.get("subject"))

    def get(camel: str, snake: str) -> Any:
        return score.get(camel, score.get(snake, of.get(camel)))

    data_type = str(get("dataType", "data_type") or "NUMERIC").lower()
    value = score.get("value")
    label = get("stringValue", "string_value") or get("longStringValue", "long_string_value")
    label = label or (value if isinstance(value, str) else None)
    return {
        "trace_id": get("traceId", "trace_id"),
        "span_id": get("observationId", "observation_id"),
        "conversation_id": get("sessionId", "session_id"),
        "name": text_of(score.get("name")),
        "value": as_number(value),
        "label": label or None,
        "data_type": data_type,
        "source": _SCORE_SOURCES.get(str(score.get("source")), "unknown"),
        "evaluator": get("authorUserId", "author_user_id"),
        "explanation": text_of(score.get("comment")),
        "created_at": score.get("timestamp"),
    }


def _subject(subject: Any) -> dict[str, Any]:
    """What a score of the API's version 3 is about, under the names of the versions before."""
    if not isinstance(subject, Mapping):
        return {}
    name = {"trace": "traceId", "observation": "observationId", "session": "sessionId"}
    own = {name[subject["kind"]]: subject.get("id")} if subject.get("kind") in name else {}
    return {"traceId": subject.get("traceId"), **own}
