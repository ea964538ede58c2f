"""What an OpenAI-compatible server says: a reply in one piece, or as a stream of events."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from math import exp
from time import perf_counter
from typing import Any

import msgspec

from llmops_lab._endpoints.client import BrokenReplyError


@dataclass
class Reply:
    """A reply as far as it has come; `ttft_s` counts from `began` to the first text."""

    began: float
    text: str = ""
    finish_reason: str | None = None
    ttft_s: float | None = None
    model: str | None = None
    usage: dict[str, Any] = field(default_factory=dict[str, Any])
    first_token: dict[str, float] = field(default_factory=dict[str, float])

    def add(self, record: dict[str, Any]) -> None:
        """Take a whole reply or one event of a stream."""
        if record.get("error"):
            raise BrokenReplyError(f"the server sent an error: {_shown(record['error'])}")
        self.model = record.get("model") or self.model
        self.usage = record.get("usage") or self.usage
        for choice in record.get("choices") or []:
            said = choice.get("delta") or choice.get("message") or {}
            text = said.get("content") or ""
            if text and self.ttft_s is None:
                self.ttft_s = perf_counter() - self.began
            self.text += text
            self.first_token = self.first_token or _likely(choice.get("logprobs") or {})
            self.finish_reason = choice.get("finish_reason") or self.finish_reason


def _likely(logprobs: dict[str, Any]) -> dict[str, float]:
    """Probabilities of what the first token that is no space could be; empty if not told."""
    for token in logprobs.get("content") or []:
        if token["token"].strip():
            # What was drawn need not be among the likeliest.
            tokens = [token, *token.get("top_logprobs", [])]
            return {each["token"]: exp(each["logprob"]) for each in tokens}
    return {}


def whole_reply(data: bytes, began: float) -> Reply:
    """The reply in one JSON body; it has no time to first token."""
    reply = Reply(began)
    record = _decoded(data)
    if not record.get("choices") and not record.get("error"):
        raise BrokenReplyError(f"the server sent no choices: {_shown(data)}")
    reply.add(record)
    reply.ttft_s = None
    return reply


async def streamed_reply(lines: AsyncIterable[bytes], began: float) -> Reply:
    """The reply in a stream of server-sent events; raises when it breaks off."""
    reply, done = Reply(began), False
    async for line in lines:
        data = line.strip().removeprefix(b"data:").strip()
        if not line.startswith(b"data:") or not data:
            continue
        if data == b"[DONE]":
            done = True
            break
        reply.add(_decoded(data))
    if not done and reply.finish_reason is None:
        raise BrokenReplyError(f"the stream broke off after {len(reply.text)} characters")
    return reply


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenReplyError(f"the server sent no JSON: {_shown(data)}") from None


def _shown(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text[:200]
