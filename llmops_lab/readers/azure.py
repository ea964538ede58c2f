"""Azure's public LLM inference traces (2023, 2024, multimodal): one row per request."""

from llmops_lab.readers._convert import constant, whole
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, keys, reader

azure = reader(
    "azure",
    title="Azure LLM inference trace (CSV)",
    evidence="real file",
    signatures=keys("TIMESTAMP ContextTokens GeneratedTokens"),
    required=("start_time",),
    fields=(
        Field("start_ns", "TIMESTAMP", moment()),
        Field("kind", "TIMESTAMP", constant("llm")),
        Field("input_tokens", "ContextTokens", whole),
        Field("output_tokens", "GeneratedTokens", whole),
    ),
)
