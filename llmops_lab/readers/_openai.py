"""What OpenAI's files share: usage, parameters, log-probabilities and finish reasons of a completion body."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import Column, Values, gentle, number, one_by_one, whole
from llmops_lab.readers._json import list_in
from llmops_lab.readers._reader import Field


def usage_fields(body: str) -> tuple[Field, ...]:
    """Usage and parameters of a completion or response that lies under a prefix."""
    usage = f"{body}usage."
    before = f"{usage}prompt_tokens_details", f"{usage}input_tokens_details"
    after = f"{usage}completion_tokens_details", f"{usage}output_tokens_details"

    def details(parts: tuple[str, str], name: str) -> str:
        return "|".join(f"{part}.{name}" for part in parts)

    return (
        Field("input_tokens", f"{usage}prompt_tokens|{usage}input_tokens", whole),
        Field("output_tokens", f"{usage}completion_tokens|{usage}output_tokens", whole),
        Field("total_tokens_reported", f"{usage}total_tokens", whole),
        Field(
            "cache_read_tokens", f"{details(before, 'cached_tokens')}|{usage}cached_tokens", whole
        ),
        Field("cache_write_tokens", details(before, "cache_write_tokens"), whole),
        Field("input_audio_tokens", details(before, "audio_tokens"), whole),
        Field("reasoning_tokens", details(after, "reasoning_tokens"), whole),
        Field("output_audio_tokens", details(after, "audio_tokens"), whole),
        Field("temperature", f"{body}temperature", gentle(number)),
        Field("top_p", f"{body}top_p", gentle(number)),
        Field("max_tokens", f"{body}max_output_tokens|{body}max_completion_tokens", gentle(whole)),
        Field("reasoning_level", f"{body}reasoning.effort"),
    )


def finish_reasons(values: Values) -> Column:
    """The finish reasons of a list of choices."""

    def read(choices: Any) -> list[str] | None:
        found = [c.get("finish_reason") for c in list_in(choices) if isinstance(c, Mapping)]
        plain = [f.get("finish_reason") if isinstance(f, Mapping) else f for f in found]
        return [str(reason) for reason in plain if reason] or None

    return one_by_one(values, pl.List(pl.String), read)


def logprob_fields(choices: str) -> tuple[Field, ...]:
    """The log-probability of the answer's tokens, where it was asked for: sum and tokens."""
    return (
        Field("output_logprob", choices, _logprobs(pl.Float64(), math.fsum)),
        Field("n_logprobs", choices, _logprobs(pl.Int64(), len)),
    )


def _logprobs(
    dtype: pl.DataType, combine: Callable[[list[float]], float]
) -> Callable[[Values], Column]:
    def read(choices: Any) -> float | None:
        lists = [c.get("logprobs") for c in list_in(choices) if isinstance(c, Mapping)]
        contents = [found.get("content") for found in lists if isinstance(found, Mapping)]
        tokens = [token for content in contents for token in list_in(content)]
        each = [token.get("logprob") for token in tokens if isinstance(token, Mapping)]
        known = [float(p) for p in each if isinstance(p, int | float) and math.isfinite(p)]
        return combine(known) if known else None

    return lambda values: one_by_one(values, dtype, read)
