"""LiteLLM StandardLoggingPayload: what its callbacks write to S3, GCS or a file."""

from llmops_lab.readers._convert import choice, flag, gentle, number, whole
from llmops_lab.readers._litellm import REQUEST, STATUS, guardrail_rows, streamed_only
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Field, keys, reader

_USAGE = "response.usage."

litellm_payload = reader(
    "litellm-payload",
    title="LiteLLM StandardLoggingPayload",
    evidence="real file",
    signatures=keys("call_type response_cost hidden_params startTime"),
    finish=streamed_only,
    mend=opened_cells,
    fields=(
        *REQUEST,
        Field("trace_id", "trace_id"),
        Field("span_id", "id"),
        Field("is_streaming", "stream", flag),
        Field("response_model", "response.model"),
        Field("response_id", "response.id"),
        Field("service_tier", "response.service_tier"),
        Field("temperature", "model_parameters.temperature", gentle(number)),
        Field("max_tokens", "model_parameters.max_tokens", gentle(whole)),
        Field("cache_read_tokens", f"{_USAGE}prompt_tokens_details.cached_tokens|{_USAGE}cache_read_input_tokens", whole),
        Field("cache_write_tokens", f"{_USAGE}cache_creation_input_tokens", whole),
        Field("reasoning_tokens", f"{_USAGE}completion_tokens_details.reasoning_tokens", whole),
        Field("cost_reported_usd", "response_cost", number),
        Field("cost_input_reported_usd", "cost_breakdown.input_cost", number),
        Field("cost_output_reported_usd", "cost_breakdown.output_cost", number),
        Field("status", "status", choice(STATUS)),
        Field("error_type", "error_information.error_class|error_information.error_code"),
        Field("error_message", "error_str|error_information.error_message"),
        Field("conversation_id", "metadata.session_id|trace_id"),
        Field("user_id", "end_user|metadata.user_api_key_end_user_id"),
    ),
    side_rows=guardrail_rows("guardrail_information|metadata.guardrail_information"),
)  # fmt: skip
