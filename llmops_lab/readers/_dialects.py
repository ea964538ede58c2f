"""The attribute dialects of OpenTelemetry spans, as one table: for each column, first hit wins.

OTel GenAI (old and new names), OpenInference, OpenLLMetry, Vercel AI SDK, pydantic-ai, MLflow,
Langfuse and vLLM. Names: open-telemetry/semantic-conventions-genai and the tools' own code.
"""

from llmops_lab.readers._convert import (
    choice,
    flag,
    gentle,
    number,
    scaled,
    whole,
    words,
)
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field

OPENINFERENCE_KINDS = {
    "llm": "llm",
    "embedding": "embedding",
    "retriever": "retriever",
    "reranker": "reranker",
    "tool": "tool",
    "agent": "agent",
    "chain": "chain",
    "guardrail": "guardrail",
    "evaluator": "evaluator",
    "prompt": "prompt",
}
_OPERATIONS = {
    **dict.fromkeys(("chat", "text_completion", "generate_content"), "llm"),
    "embeddings": "embedding",
    "retrieval": "retriever",
    "execute_tool": "tool",
    **dict.fromkeys(("invoke_agent", "create_agent", "plan"), "agent"),
    "invoke_workflow": "chain",
    "apply_guardrail": "guardrail",
}
_OUTER = (
    "ai.generatetext", "ai.streamtext", "ai.generateobject", "ai.streamobject", "ai.embed",
    "ai.embedmany",
)  # fmt: skip
_VERCEL = {
    **dict.fromkeys(_OUTER, "chain"),
    **dict.fromkeys(
        (
            "ai.generatetext.dogenerate",
            "ai.streamtext.dostream",
            "ai.generateobject.dogenerate",
            "ai.streamobject.dostream",
        ),
        "llm",
    ),
    "ai.embed.doembed": "embedding",
    "ai.embedmany.doembed": "embedding",
    "ai.toolcall": "tool",
}
_TRACELOOP = {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}
_LANGSMITH = {
    "llm": "llm", "chain": "chain", "tool": "tool", "retriever": "retriever",
    "embedding": "embedding", "prompt": "prompt", "parser": "chain",
}  # fmt: skip
LANGFUSE_KINDS = {
    "generation": "llm", "agent": "agent", "tool": "tool", "chain": "chain",
    "retriever": "retriever", "evaluator": "evaluator", "embedding": "embedding",
    "guardrail": "guardrail",
}  # fmt: skip
MLFLOW_KINDS = {
    **OPENINFERENCE_KINDS, "chat_model": "llm", "parser": "chain", "workflow": "chain",
    "task": "chain",
}  # fmt: skip

_U = "gen_ai.usage."
_T = "llm.token_count."

_KINDS: tuple[Field, ...] = (
    Field("kind", "openinference.span.kind", choice(OPENINFERENCE_KINDS)),
    Field("kind", "ai.operationId", choice(_VERCEL)),
    Field("kind", "gen_ai.operation.name", choice(_OPERATIONS)),
    Field("kind", "traceloop.span.kind", choice(_TRACELOOP)),
    Field("kind", "langsmith.span.kind", choice(_LANGSMITH)),
    Field("kind", "mlflow.spanType", choice({f'"{k}"': v for k, v in MLFLOW_KINDS.items()})),
    Field("kind", "mlflow.spanType", choice(MLFLOW_KINDS)),
    Field("kind", "langfuse.observation.type", choice(LANGFUSE_KINDS)),
    Field(
        "kind",
        "llm.request.type",
        choice(
            {"chat": "llm", "completion": "llm", "embedding": "embedding", "rerank": "reranker"}
        ),
    ),
)
# The outer span of the Vercel AI SDK repeats its calls' usage, whether or not they are in the file.
_ROLES = (Field("usage_role", "ai.operationId", choice(dict.fromkeys(_OUTER, "rollup"))),)
_NAMES: tuple[Field, ...] = (
    Field("operation", "gen_ai.operation.name|openinference.span.kind|ai.operationId|traceloop.span.kind"),
    Field("provider", "gen_ai.provider.name|gen_ai.system|llm.provider|llm.system|ai.model.provider|metadata.ls_provider"),
    Field("request_model", "gen_ai.request.model|llm.request.model_name|llm.model_name|ai.model.id|embedding.model_name"),
    Field("response_model", "gen_ai.response.model|llm.response.model_name|ai.response.model"),
    Field("response_id", "gen_ai.response.id|ai.response.id"),
    Field("service_tier", "openai.response.service_tier|gen_ai.openai.response.service_tier|gen_ai.response.service_tier"),
    Field("finish_reasons", "gen_ai.response.finish_reasons|ai.response.finishReason|llm.response.finish_reason", words),
    Field("temperature", "gen_ai.request.temperature|llm.invocation_parameters.temperature|ai.settings.temperature", gentle(number)),
    Field("top_p", "gen_ai.request.top_p|llm.invocation_parameters.top_p|ai.settings.topP", gentle(number)),
    Field("max_tokens", "gen_ai.request.max_tokens|llm.invocation_parameters.max_tokens|llm.invocation_parameters.max_completion_tokens|ai.settings.maxTokens|ai.settings.maxOutputTokens", gentle(whole)),
    Field("reasoning_level", "gen_ai.request.reasoning.level|llm.invocation_parameters.reasoning_effort"),
    Field("is_streaming", "gen_ai.request.stream|gen_ai.is_streaming|llm.is_streaming|llm.invocation_parameters.stream", flag),
    Field("agent_name", "gen_ai.agent.name|agent.name|agent_name"),
    Field("tool_name", "gen_ai.tool.name|tool.name|ai.toolCall.name"),
    Field("tool_call_id", "gen_ai.tool.call.id|tool_call.id|ai.toolCall.id"),
    Field("error_type", "error.type"),
    Field("conversation_id", "gen_ai.conversation.id|session.id|langfuse.session.id|traceloop.association.properties.session_id|traceloop.association.properties.chat_id|metadata.thread_id|metadata.session_id"),
    Field("user_id", "user.id|enduser.id|langfuse.user.id|gen_ai.user|traceloop.association.properties.user_id"),
    Field("environment", "deployment.environment.name|deployment.environment|langfuse.environment"),
    Field("release", "langfuse.release|service.version"),
    Field("tags", "tag.tags|langfuse.trace.tags|langfuse.tags", words),
    Field("prompt_name", "gen_ai.prompt.name|langfuse.observation.prompt.name|traceloop.prompt.key|prompt.id|prompt.name"),
    Field("prompt_version", "gen_ai.prompt.version|langfuse.observation.prompt.version|traceloop.prompt.version|llm.prompt_template.version"),
)  # fmt: skip
_NUMBERS: tuple[Field, ...] = (
    Field("input_tokens", f"{_U}input_tokens|{_U}prompt_tokens|{_T}prompt|ai.usage.promptTokens|ai.usage.inputTokens|ai.usage.tokens|llm.usage.prompt_tokens", whole),
    Field("output_tokens", f"{_U}output_tokens|{_U}completion_tokens|{_T}completion|ai.usage.completionTokens|ai.usage.outputTokens|llm.usage.completion_tokens", whole),
    Field("cache_read_tokens", f"{_U}cache_read.input_tokens|{_U}cache_read_input_tokens|{_U}cache_read_tokens|{_U}details.cache_read_tokens|{_U}input_cached_tokens|{_T}prompt_details.cache_read|ai.usage.cachedInputTokens", whole),
    Field("cache_write_tokens", f"{_U}cache_write.input_tokens|{_U}cache_creation.input_tokens|{_U}cache_creation_input_tokens|{_U}cache_write_tokens|{_U}details.cache_write_tokens|{_T}prompt_details.cache_write", whole),
    Field("reasoning_tokens", f"{_U}reasoning.output_tokens|{_U}reasoning_tokens|{_U}details.reasoning_tokens|{_T}completion_details.reasoning|ai.usage.reasoningTokens", whole),
    Field("input_audio_tokens", f"{_U}audio.input_tokens|{_U}details.input_audio_tokens|{_T}prompt_details.audio", whole),
    Field("output_audio_tokens", f"{_U}audio.output_tokens|{_U}details.output_audio_tokens|{_T}completion_details.audio", whole),
    Field("input_image_tokens", f"{_U}image.input_tokens|{_T}prompt_details.image", whole),
    Field("total_tokens_reported", f"{_U}total_tokens|{_T}total|llm.usage.total_tokens|ai.usage.totalTokens", whole),
    Field("cost_reported_usd", f"{_U}cost|llm.cost.total|operation.cost|langfuse.observation.cost_details.total", number),
    Field("cost_input_reported_usd", "llm.cost.prompt|langfuse.observation.cost_details.input", number),
    Field("cost_output_reported_usd", "llm.cost.completion|langfuse.observation.cost_details.output", number),
    Field("ttft_s", "gen_ai.response.time_to_first_chunk|gen_ai.latency.time_to_first_token", gentle(number)),
    Field("ttft_s", "ai.response.msToFirstChunk|ai.stream.msToFirstChunk", gentle(scaled(1e-3))),
    Field("first_token_ns", "langfuse.observation.completion_start_time", gentle(moment())),
    Field("queue_s", "gen_ai.latency.time_in_queue", gentle(number)),
    Field("prefill_s", "gen_ai.latency.time_in_model_prefill", gentle(number)),
    Field("decode_s", "gen_ai.latency.time_in_model_decode", gentle(number)),
)  # fmt: skip
_CONTENT: tuple[Field, ...] = (
    Field("system_instructions", "gen_ai.system_instructions"),
    Field("input", "gen_ai.input.messages|gen_ai.prompt|llm.input_messages|ai.prompt.messages|ai.prompt|input.value|traceloop.entity.input|gen_ai.tool.call.arguments|tool.parameters|ai.toolCall.args|tool_arguments|langfuse.observation.input|gen_ai.retrieval.query.text|pydantic_ai.all_messages|all_messages_events"),
    Field("output", "gen_ai.output.messages|gen_ai.completion|llm.output_messages|ai.response.text|ai.response.toolCalls|output.value|traceloop.entity.output|gen_ai.tool.call.result|ai.toolCall.result|tool_response|langfuse.observation.output|final_result"),
)  # fmt: skip

DIALECTS: tuple[Field, ...] = (*_KINDS, *_ROLES, *_NAMES, *_NUMBERS, *_CONTENT)


def attribute_fields(prefix: str, *, without: tuple[str, ...] = ()) -> tuple[Field, ...]:
    """The whole table for attributes that lie under a prefix like `attributes.`."""
    return tuple(
        Field(
            field.column,
            "|".join(f"{prefix}{path}" for path in field.paths.split("|")),
            field.convert,
        )
        for field in DIALECTS
        if field.column not in without
    )
