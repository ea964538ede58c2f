"""A provider's own `usage` object as canonical token counts, whichever provider wrote it.

OpenAI, Gemini, Mistral and others count cached tokens inside the input; Anthropic and Bedrock
count them apart, and here they are put back in. Gemini counts thoughts apart from the answer.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import Convert, one_by_one, whole_of
from llmops_lab.readers._json import list_in, plain_object
from llmops_lab.readers._reader import Field

Usage = Mapping[str, Any]

_PATHS: dict[str, tuple[str, ...]] = {
    "input_tokens": (
        "prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount",
        "billed_units.input_tokens", "tokens.input_tokens",
    ),
    "output_tokens": (
        "completion_tokens", "output_tokens", "outputTokens", "billed_units.output_tokens",
        "tokens.output_tokens",
    ),
    "cache_read_tokens": (
        "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens",
        "cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount",
        "cachedContentTokenCount", "prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens",
    ),
    "cache_write_tokens": (
        "prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens",
        "cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount",
    ),
    "cache_write_1h_tokens": ("cache_creation.ephemeral_1h_input_tokens",),
    "reasoning_tokens": (
        "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens",
        "output_tokens_details.thinking_tokens", "reasoning_tokens", "thoughtsTokenCount",
    ),
    "input_audio_tokens": (
        "prompt_tokens_details.audio_tokens", "input_tokens_details.audio_tokens",
    ),
    "output_audio_tokens": (
        "completion_tokens_details.audio_tokens", "output_tokens_details.audio_tokens",
    ),
    "total_tokens_reported": ("total_tokens", "totalTokens", "totalTokenCount"),
}  # fmt: skip
_APART = ("cache_read_input_tokens", "cache_creation_input_tokens", "inputTokens")
_MODALITIES = {"AUDIO": "input_audio_tokens", "IMAGE": "input_image_tokens"}


def provider_usage(usage: Usage) -> dict[str, int]:
    """Canonical counts of one usage object; what it does not say is left out.

    Raises ValueError for a count that is no whole number.
    """
    counts = {column: _first(usage, paths) for column, paths in _PATHS.items()}
    if "billed_units" in usage:  # Cohere bills less than it counts, and its cache is among the rest
        counts["cache_read_tokens"] = None
    if "promptTokenCount" in usage:
        counts |= _gemini(usage)
    elif any(key in usage for key in _APART) and "prompt_tokens" not in usage:
        cached = (counts["cache_read_tokens"] or 0) + (counts["cache_write_tokens"] or 0)
        counts["input_tokens"] = _sum(counts["input_tokens"], cached)
    return {column: count for column, count in counts.items() if count is not None}


def provider_fields(path: str) -> tuple[Field, ...]:
    """Fields for every count of the usage object at a path."""

    def counted(column: str) -> Convert:
        def count(usage: Any) -> int | None:
            return provider_usage(plain_object(usage)).get(column)

        return lambda values: one_by_one(values, pl.Int64(), count)

    columns = dict.fromkeys((*_PATHS, *_MODALITIES.values()))
    return tuple(Field(column, path, counted(column)) for column in columns)


def _first(usage: Usage, paths: tuple[str, ...]) -> int | None:
    for path in paths:
        inner: Any = usage
        for key in path.split("."):
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is not None:
            return whole_of(inner)
    return None


def _sum(*counts: int | None) -> int | None:
    there = [count for count in counts if count is not None]
    return sum(there) if there else None


def _gemini(usage: Usage) -> dict[str, int | None]:
    """Answer and thoughts are the output; what tools put into the prompt is input."""
    answer, thoughts = (_first(usage, (n,)) for n in ("candidatesTokenCount", "thoughtsTokenCount"))
    prompt, tools = (_first(usage, (n,)) for n in ("promptTokenCount", "toolUsePromptTokenCount"))
    parts: dict[str, int | None] = {
        "output_tokens": _sum(answer, thoughts),
        "input_tokens": _sum(prompt, tools),
    }
    for detail in map(plain_object, list_in(usage.get("promptTokensDetails"))):
        column = _MODALITIES.get(str(detail.get("modality")))
        if column:
            parts[column] = _sum(parts.get(column), whole_of(detail.get("tokenCount") or 0))
    return parts
