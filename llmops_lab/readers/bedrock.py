"""AWS Bedrock model-invocation logs, as they lie in S3 or come out of CloudWatch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from llmops_lab.readers._convert import (
    Column,
    Values,
    constant,
    flag,
    gentle,
    number,
    scaled,
    whole,
    word,
    words,
)
from llmops_lab.readers._json import list_in, plain_object, value_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record, object_of

_ASKED, _SAID = ("inputText", "prompt"), ("generation", "completion", "outputText")
_IN, _OUT = "input.inputBodyJson.", "output.outputBodyJson."


def calls_in(record: Record) -> Exploded:
    """The call."""
    return Exploded([Record(record.line, _call(object_of(record)))])


def _call(entry: Any) -> Any:
    """The call, with what was asked and said out of the bodies that each maker's models have."""
    if not isinstance(entry, Mapping):
        return entry
    asked = value_in(plain_object(entry.get("input")).get("inputBodyJson"))
    said = value_in(plain_object(entry.get("output")).get("outputBodyJson"))
    told = _streamed(said) if isinstance(said, list) else {"said": _text_in(said, _SAID)}
    return {**entry, "asked": _text_in(asked, _ASKED), **told}


def _streamed(events: Sequence[Any]) -> dict[str, Any]:
    """The pieces of a streamed answer joined, why it ended, and how long it took."""
    told: dict[str, Any] = {"is_streamed": True}
    told["said"] = "".join(piece for event in events for piece in _pieces(event)) or None
    for event in filter(None, map(plain_object, events)):
        for part in (
            event,
            plain_object(event.get("messageStop")),
            plain_object(event.get("delta")),
        ):
            told["stopped"] = (
                part.get("stopReason") or part.get("stop_reason") or told.get("stopped")
            )
        told["took"] = event.get("amazon-bedrock-invocationMetrics") or told.get("took")
    return told


def _text_in(body: Any, names: Sequence[str]) -> str | None:
    """The text of a body whose other keys are settings or counts: Llama, Titan, Claude 2."""
    if not isinstance(body, Mapping) or "messages" in body:
        return None
    found = next((body[name] for name in names if isinstance(body.get(name), str)), None)
    results = (plain_object(result) for result in list_in(body.get("results")))
    return found or "".join(str(result.get("outputText") or "") for result in results) or None


def _pieces(event: Any) -> Iterable[str]:
    """The text of one stream event: Converse, Anthropic, Titan, Llama, Nova."""
    if not isinstance(event, Mapping):
        return
    inner = event.get("contentBlockDelta")
    delta = inner.get("delta") if isinstance(inner, Mapping) else event.get("delta")
    source: Mapping[str, Any] = delta if isinstance(delta, Mapping) else event
    for name in ("text", "outputText", "generation", "completion"):
        if isinstance(source.get(name), str):
            yield source[name]


def _kinds(values: Values) -> Column:
    embeds = pl.when(pl.col("x").str.contains("(?i)embed")).then(pl.lit("embedding"))
    found = embeds.when(pl.col("x").is_not_null()).then(pl.lit("llm"))
    return Column(word(values).series.to_frame("x").select(x=found)["x"])


def _inclusive(spans: pl.DataFrame) -> pl.DataFrame:
    """Bedrock counts cached tokens apart from inputTokenCount."""
    cached = pl.col("cache_read_tokens").fill_null(0) + pl.col("cache_write_tokens").fill_null(0)
    return spans.with_columns(input_tokens=pl.col("input_tokens") + cached)


bedrock = reader(
    "bedrock",
    title="AWS Bedrock model-invocation log",
    evidence="real file seen in public",
    source="dheerajoruganty/aws-bedrock-logs-mcp-server",
    signatures=keys("modelId requestId operation input output", "schemaType modelId requestId"),
    explode=calls_in,
    finish=_inclusive,
    fields=(
        Field("trace_id", "requestMetadata.traceId|requestMetadata.trace_id"),
        Field("span_id", "requestId"),
        Field("name", "operation"),
        Field("operation", "operation"),
        Field("kind", "modelId", _kinds),
        Field("start_ns", "timestamp", moment()),
        Field("duration_s", f"{_OUT}metrics.latencyMs|took.invocationLatency", scaled(1e-3)),
        Field("ttft_s", "took.firstByteLatency", scaled(1e-3)),
        Field("is_streaming", "is_streamed", flag),
        Field("provider", "modelId", constant("aws.bedrock")),
        Field("request_model", "modelId"),
        Field("input_tokens", "input.inputTokenCount", whole),
        Field("output_tokens", "output.outputTokenCount", whole),
        Field("cache_read_tokens", "input.cacheReadInputTokenCount", whole),
        Field("cache_write_tokens", "input.cacheWriteInputTokenCount", whole),
        Field("temperature", f"{_IN}inferenceConfig.temperature|{_IN}temperature", gentle(number)),
        Field("max_tokens", f"{_IN}inferenceConfig.maxTokens|{_IN}max_tokens|{_IN}max_gen_len|{_IN}max_tokens_to_sample|{_IN}textGenerationConfig.maxTokenCount", gentle(whole)),
        Field("finish_reasons", f"stopped|{_OUT}stopReason|{_OUT}stop_reason", words),
        Field("status", "errorCode", constant("error")),
        Field("status", "modelId", constant("ok")),
        Field("error_type", "errorCode"),
        Field("user_id", "requestMetadata.user_id|requestMetadata.userId"),
        Field("conversation_id", "requestMetadata.session_id|requestMetadata.sessionId"),
        Field("input", "asked|input.inputBodyJson"),
        Field("output", "said|output.outputBodyJson"),
    ),
)  # fmt: skip
