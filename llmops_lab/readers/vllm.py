"""The per-request log of vLLM's multi-round question benchmark: one row per request."""

from llmops_lab.readers._convert import constant, number, whole
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, keys, reader

vllm = reader(
    "vllm",
    title="vLLM multi-round question log (CSV)",
    evidence="real file",
    signatures=keys("prompt_tokens generation_tokens ttft launch_time finish_time"),
    required=("start_time",),
    fields=(
        Field("start_ns", "launch_time", moment("s")),
        Field("end_ns", "finish_time", moment("s")),
        Field("kind", "launch_time", constant("llm")),
        Field("input_tokens", "prompt_tokens", whole),
        Field("output_tokens", "generation_tokens", whole),
        Field("ttft_s", "ttft", number),
        Field("decode_s", "generation_time", number),
        Field("conversation_id", "user_id"),
    ),
)
