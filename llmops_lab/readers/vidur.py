"""Vidur simulator traces: seconds since the start, prefill and decode tokens."""

from llmops_lab.readers._convert import constant, number, whole
from llmops_lab.readers._reader import Field, keys, reader

vidur = reader(
    "vidur",
    title="Vidur trace (CSV)",
    evidence="real file seen in public",
    source="microsoft/vidur",
    signatures=keys("num_prefill_tokens num_decode_tokens"),
    required=("input_tokens",),
    fields=(
        Field("start_offset_s", "arrived_at", number),
        Field("kind", "num_prefill_tokens", constant("llm")),
        Field("input_tokens", "num_prefill_tokens", whole),
        Field("output_tokens", "num_decode_tokens", whole),
        Field("total_tokens_reported", "num_total_tokens", whole),
    ),
)
