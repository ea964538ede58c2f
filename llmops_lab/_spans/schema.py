"""The canonical columns. Names and meanings follow the OpenTelemetry GenAI conventions.

Source: open-telemetry/semantic-conventions-genai, 2026 (v1.44 of the base conventions).
Token columns are inclusive, as there: `input_tokens` counts cached tokens, `output_tokens`
counts reasoning tokens. Durations are seconds, costs US dollars, times UTC.
"""

import polars as pl

Schema = dict[str, pl.DataType]

UTC = pl.Datetime("us", "UTC")

KIND = pl.Enum(
    [
        "llm",
        "embedding",
        "retriever",
        "reranker",
        "tool",
        "agent",
        "chain",
        "guardrail",
        "evaluator",
        "prompt",
        "other",
    ]
)
STATUS = pl.Enum(["ok", "error", "unset"])
USAGE_ROLE = pl.Enum(["none", "leaf", "rollup", "duplicate"])
SCORE_TYPE = pl.Enum(["numeric", "boolean", "categorical", "text", "correction", "expectation"])
SCORE_SOURCE = pl.Enum(["human", "llm", "code", "api", "unknown"])
GUARDRAIL_TARGET = pl.Enum(["input", "output", "tool_call", "retrieval", "other"])
VERDICT = pl.Enum(["allow", "deny", "modify", "warn", "escalate", "failed", "not_run"])
DOCUMENT_ROLE = pl.Enum(["retrieved", "reranker_input", "reranker_output"])

STRING, INT, FLOAT, BOOL = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()
STRINGS = pl.List(pl.String)

SPANS: Schema = {
    "source_format": STRING,
    "source_file": STRING,
    "source_row": pl.UInt32(),
    "trace_id": STRING,
    "span_id": STRING,
    "parent_span_id": STRING,
    "is_root": BOOL,
    "is_orphan": BOOL,
    "depth": pl.UInt16(),
    "name": STRING,
    "kind": KIND,
    "operation": STRING,
    "scope_name": STRING,
    "start_time": UTC,
    "end_time": UTC,
    "start_offset_s": FLOAT,
    "duration_s": FLOAT,
    "ttft_s": FLOAT,
    "queue_s": FLOAT,
    "prefill_s": FLOAT,
    "decode_s": FLOAT,
    "is_streaming": BOOL,
    "provider": STRING,
    "request_model": STRING,
    "response_model": STRING,
    "service_tier": STRING,
    "temperature": FLOAT,
    "top_p": FLOAT,
    "max_tokens": INT,
    "reasoning_level": STRING,
    "response_id": STRING,
    "finish_reasons": STRINGS,
    "input_tokens": INT,
    "output_tokens": INT,
    "cache_read_tokens": INT,
    "cache_write_tokens": INT,
    "cache_write_1h_tokens": INT,
    "reasoning_tokens": INT,
    "input_audio_tokens": INT,
    "output_audio_tokens": INT,
    "input_image_tokens": INT,
    "total_tokens_reported": INT,
    "output_logprob": FLOAT,
    "n_logprobs": INT,
    "usage_role": USAGE_ROLE,
    "cost_reported_usd": FLOAT,
    "cost_input_reported_usd": FLOAT,
    "cost_output_reported_usd": FLOAT,
    "cost_usd": FLOAT,
    "cost_source": STRING,
    "status": STATUS,
    "error_type": STRING,
    "error_message": STRING,
    "conversation_id": STRING,
    "user_id": STRING,
    "environment": STRING,
    "service_name": STRING,
    "release": STRING,
    "tags": STRINGS,
    "prompt_name": STRING,
    "prompt_version": STRING,
    "agent_name": STRING,
    "tool_name": STRING,
    "tool_call_id": STRING,
    "system_instructions": STRING,
    "input_messages": STRING,
    "output_messages": STRING,
    "input_text": STRING,
    "output_text": STRING,
    "attributes": STRING,
}

TEXTS = (
    "system_instructions",
    "input_messages",
    "output_messages",
    "input_text",
    "output_text",
    "attributes",
)
"""The columns that hold most of the bytes."""

KEYS: Schema = {"trace_id": STRING, "span_id": STRING}

SCORES: Schema = {
    **KEYS,
    "conversation_id": STRING,
    "name": STRING,
    "value": FLOAT,
    "label": STRING,
    "data_type": SCORE_TYPE,
    "source": SCORE_SOURCE,
    "evaluator": STRING,
    "explanation": STRING,
    "created_at": UTC,
    "valid": BOOL,
}

GUARDRAILS: Schema = {
    **KEYS,
    "name": STRING,
    "provider": STRING,
    "target": GUARDRAIL_TARGET,
    "verdict": VERDICT,
    "action": STRING,
    "category": STRING,
    "score": FLOAT,
    "reason": STRING,
    "duration_s": FLOAT,
}

DOCUMENTS: Schema = {
    **KEYS,
    "position": pl.UInt16(),
    "role": DOCUMENT_ROLE,
    "doc_id": STRING,
    "content": STRING,
    "score": FLOAT,
    "metadata": STRING,
}

EMBEDDINGS: Schema = {
    **KEYS,
    "index": pl.UInt16(),
    "model": STRING,
    "text": STRING,
    "vector": pl.List(pl.Float32),
}

REJECTED: Schema = {"source_file": STRING, "line": pl.UInt32(), "reason": STRING}

SIDE_TABLES: dict[str, Schema] = {
    "scores": SCORES,
    "guardrails": GUARDRAILS,
    "documents": DOCUMENTS,
    "embeddings": EMBEDDINGS,
    "rejected": REJECTED,
}


def conform(frame: pl.LazyFrame, schema: Schema) -> pl.LazyFrame:
    """The frame with exactly the schema's columns, in its order: missing ones null, all cast."""
    there = frame.collect_schema().names()
    return frame.select(
        pl.col(name).cast(dtype) if name in there else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
