"""What LiteLLM's two logs share: most fields, guardrails, and its stand-in for a first token."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import choice, text_of, whole, words
from llmops_lab.readers._moments import moment
from llmops_lab.readers._reader import Field, Rows, SideRows
from llmops_lab.readers._side_rows import as_number, item_rows
from llmops_lab.readers._tree import Tree

_CALLS = {
    **dict.fromkeys(("embedding", "aembedding"), "embedding"),
    **dict.fromkeys(("rerank", "arerank"), "reranker"),
    **dict.fromkeys(("call_mcp_tool",), "tool"),
    **dict.fromkeys(("vector_store_search", "avector_store_search"), "retriever"),
}
REQUEST = (
    Field("name", "call_type"),
    Field("kind", "call_type", choice(_CALLS, "llm")),
    Field("operation", "call_type"),
    Field("start_ns", "startTime", moment("s")),
    Field("end_ns", "endTime", moment("s")),
    Field("first_token_ns", "completionStartTime", moment("s")),
    Field("provider", "custom_llm_provider"),
    Field("request_model", "model|model_group"),
    Field("input_tokens", "prompt_tokens", whole),
    Field("output_tokens", "completion_tokens", whole),
    Field("total_tokens_reported", "total_tokens", whole),
    Field("tags", "request_tags", words),
    Field("prompt_name", "metadata.prompt_management_metadata.prompt_id"),
    Field("input", "messages"),
    Field("output", "response"),
)
STATUS = {"success": "ok", "failure": "error"}
_VERDICTS = {
    "success": "allow",
    "guardrail_flagged": "warn",
    "guardrail_intervened": "deny",
    "guardrail_failed_to_respond": "failed",
    "not_run": "not_run",
    "failure": "failed",
}
_TARGETS = {
    "pre_call": "input",
    "during_call": "input",
    "post_call": "output",
    "pre_mcp_call": "tool_call",
}


def streamed_only(spans: pl.DataFrame) -> pl.DataFrame:
    """LiteLLM sets the first token to the end where nothing was streamed: that is no first token."""
    return spans.with_columns(
        ttft_s=pl.when(pl.col("ttft_s") < pl.col("duration_s")).then("ttft_s")
    )


def without_unstored(spans: pl.DataFrame) -> pl.DataFrame:
    """The proxy writes `{}` for the messages and the response that it was not told to store."""
    texts = ("input_text", "output_text", "input_messages", "output_messages")
    unstored = (pl.when(pl.col(name) != "{}").then(name).alias(name) for name in texts)
    return streamed_only(spans).with_columns(unstored)


def guardrail_rows(paths: str) -> SideRows:
    """Rows of the guardrails that ran before, during or after a call."""

    def rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
        return {"guardrails": item_rows(tree, spans, paths, _guardrail)}

    return rows


def _guardrail(item: Mapping[str, Any], _: int) -> dict[str, Any]:
    mode = item.get("guardrail_mode")
    first = mode[0] if isinstance(mode, list) and mode else mode
    masked = item.get("masked_entity_count")
    verdict = _VERDICTS.get(str(item.get("guardrail_status")))
    return {
        "name": text_of(item.get("guardrail_name")),
        "provider": text_of(item.get("guardrail_provider")),
        "target": _TARGETS.get(str(first), "other"),
        "verdict": "modify" if masked and verdict == "allow" else verdict,
        "action": text_of(item.get("guardrail_action")),
        "category": ", ".join(masked) if isinstance(masked, Mapping) and masked else None,
        "duration_s": as_number(item.get("duration")),
    }
