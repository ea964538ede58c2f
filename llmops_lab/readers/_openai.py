"""What OpenAI's files share: usage, parameters and finish reasons of a completion body."""

from collections.abc import Mapping
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
