"""LiteLLM SpendLogs: rows of the proxy's database, or its published JSON."""

from llmops_lab.readers._convert import choice, number, scaled, whole
from llmops_lab.readers._litellm import REQUEST, STATUS, guardrail_rows, without_unstored
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Field, keys, reader

_USAGE = "metadata.usage_object."
_MORE = "metadata.additional_usage_values."
_ERROR = "metadata.error_information."

litellm_spend = reader(
    "litellm-spend",
    title="LiteLLM SpendLogs",
    evidence="real file",
    signatures=keys("request_id call_type spend startTime"),
    finish=without_unstored,
    mend=opened_cells,
    fields=(
        *REQUEST,
        Field("trace_id", "session_id"),
        Field("span_id", "request_id"),
        Field("duration_s", "request_duration_ms", scaled(1e-3)),
        Field("cache_read_tokens", f"{_USAGE}prompt_tokens_details.cached_tokens|{_MORE}cache_read_input_tokens", whole),
        Field("cache_write_tokens", f"{_USAGE}cache_creation_input_tokens|{_MORE}cache_creation_input_tokens", whole),
        Field("reasoning_tokens", f"{_USAGE}completion_tokens_details.reasoning_tokens", whole),
        Field("cost_reported_usd", "spend", number),
        Field("status", "status|metadata.status", choice(STATUS)),
        Field("error_type", f"{_ERROR}error_class|{_ERROR}error_code"),
        Field("error_message", f"{_ERROR}error_message"),
        Field("conversation_id", "session_id"),
        Field("user_id", "end_user|user"),
    ),
    side_rows=guardrail_rows("metadata.guardrail_information"),
)  # fmt: skip
