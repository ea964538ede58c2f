"""OpenAI stored completions and Responses: the objects themselves, one per call."""

from llmops_lab.readers._convert import constant, words
from llmops_lab.readers._moments import moment
from llmops_lab.readers._openai import finish_reasons, logprob_fields, usage_fields
from llmops_lab.readers._reader import Field, keys, reader

openai_completions = reader(
    "openai-completions",
    title="OpenAI stored completions and responses",
    evidence="real file",
    signatures=keys("object model created choices", "object model created_at output"),
    fields=(
        Field("span_id", "id"),
        Field("trace_id", "request_id"),
        Field("name", "object"),
        Field("kind", "object", constant("llm")),
        Field("start_ns", "created|created_at", moment("s")),
        Field("end_ns", "completed_at", moment("s")),
        Field("provider", "object", constant("openai")),
        Field("response_model", "model"),
        Field("response_id", "id"),
        Field("service_tier", "service_tier"),
        *usage_fields(""),
        Field("finish_reasons", "choices", finish_reasons),
        *logprob_fields("choices"),
        Field("user_id", "input_user|safety_identifier|user|metadata.user_id"),
        Field("conversation_id", "conversation.id|metadata.session_id"),
        Field("tags", "metadata.tags", words),
        Field("error_type", "error.code"),
        Field("error_message", "error.message"),
        Field("status", "error", constant("error")),
        Field("input", "input|messages"),
        Field("output", "choices|output"),
    ),
)
