"""Mooncake request traces: milliseconds since the start, lengths, and hashes of 512-token blocks."""

from llmops_lab.readers._convert import constant, scaled, whole
from llmops_lab.readers._reader import Field, keys, reader

mooncake = reader(
    "mooncake",
    title="Mooncake trace (JSON lines)",
    evidence="real file",
    signatures=keys("timestamp input_length output_length"),
    required=("start_offset_s",),
    fields=(
        Field("start_offset_s", "timestamp", scaled(1e-3)),
        Field("kind", "timestamp", constant("llm")),
        Field("input_tokens", "input_length", whole),
        Field("output_tokens", "output_length", whole),
    ),
)
