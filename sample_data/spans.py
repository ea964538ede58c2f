"""One answered query as a tree of timed spans, with tokens, cost and errors."""

import json
import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from sample_data.answers import Page, Reply
from sample_data.people import Person

_PROMPTS = Path(__file__).parent / "prompts"
TOOL_TOKENS = 214  # the tool definitions, sent with every call
# Dollars per million tokens: input, cached input, output.
PRICES = {"gpt-4.1-mini": (0.40, 0.10, 1.60), "claude-haiku-4-5": (1.00, 0.10, 5.00)}
PROVIDERS = {"gpt-4.1-mini": "openai", "claude-haiku-4-5": "anthropic"}
SERVED_AS = {
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
}
_ERRORS = (
    ("RateLimitError", "Error code: 429 - rate limit reached for requests per minute", 0.4),
    ("RateLimitError", "Error code: 429 - rate limit reached for tokens per minute", 0.3),
    ("OverloadedError", "Error code: 529 - the model is overloaded", 0.9),
    ("APITimeoutError", "Request timed out after 30.0 s", 30.0),
    ("InternalServerError", "Error code: 500 - the server had an error", 1.1),
)

Message = dict[str, str]


@dataclass
class Span:
    """One step; times are microseconds since 1970, kinds are the canonical words."""

    span_id: str
    parent_id: str | None
    name: str
    kind: str
    start: int
    end: int
    input: str = ""
    output: str = ""
    error: tuple[str, str] | None = None  # type, message
    # llm
    model: str = ""
    messages: list[Message] = field(default_factory=list)
    tool_call: tuple[str, str, str] | None = None  # id, name, arguments
    first_token: int | None = None
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    response_id: str = ""
    # retriever, guardrail
    pages: tuple[tuple[Page, float], ...] = ()
    verdict: tuple[str, str, float] | None = None  # allow or deny, category, score

    @property
    def costs(self) -> tuple[float, float, float]:
        """Dollars for fresh input, cached input and output."""
        fresh, cached, out = PRICES[self.model]
        return (
            round((self.input_tokens - self.cached_tokens) * fresh / 1e6, 9),
            round(self.cached_tokens * cached / 1e6, 9),
            round(self.output_tokens * out / 1e6, 9),
        )


@dataclass(frozen=True)
class Turn:
    """What is known before the spans are timed."""

    person: Person
    query: str
    reply: Reply | None  # None: the guardrail stopped it
    refusal: str
    blocked_as: str
    history: tuple[Message, ...]
    prompt_version: int
    start: int
    stalls: bool  # the p99 tail
    apology: str  # the answer if the tool fails


@cache
def prompt_body(version: int) -> str:
    """The prompt's text without its front matter."""
    text = (_PROMPTS / f"support-assistant.v{version}.md").read_text(encoding="utf-8")
    return text.split("---\n", 2)[2].strip()


def build_spans(turn: Turn, rng: Random) -> list[Span]:
    """All spans of the turn, root first, in order of start."""
    return _Clock(turn, rng).run()


class _Clock:
    """Walks through a turn, moving the time forward."""

    def __init__(self, turn: Turn, rng: Random) -> None:
        self._turn, self._rng, self._now = turn, rng, turn.start
        self._last_id = rng.getrandbits(64)  # a trace's ids come from one counter
        self._root = self._span("support-assistant", "agent", None)
        self._root.input = turn.query
        self._spans = [self._root]

    def run(self) -> list[Span]:
        self._pass(0.002, 0.4)
        self._guard()
        if self._turn.reply is None:
            self._root.output = self._turn.refusal
        else:
            self._answer(self._turn.reply)
        self._pass(0.003, 0.5)
        self._root.end = self._now
        return self._spans

    def _span(self, name: str, kind: str, parent: Span | None) -> Span:
        self._last_id += 1 + self._rng.getrandbits(8)
        span_id = f"{self._last_id % 2**64:016x}"
        return Span(span_id, parent.span_id if parent else None, name, kind, self._now, self._now)

    def _child(self, name: str, kind: str) -> Span:
        span = self._span(name, kind, self._root)
        self._spans.append(span)
        return span

    def _pass(self, median_s: float, spread: float) -> int:
        """Let a log-normal time go by; returns the new time."""
        draw = math.exp(spread * _normal(self._rng))
        self._now += int(median_s * draw * 1e6)
        return self._now

    def _guard(self) -> None:
        span = self._child("input-guardrail", "guardrail")
        span.input = self._turn.query
        span.end = self._pass(0.045, 0.35)
        if self._turn.reply is None:
            score = round(0.86 + self._rng.random() * 0.13, 3)
            span.verdict = ("deny", self._turn.blocked_as, score)
        else:
            span.verdict = ("allow", "none", round(self._rng.random() ** 3 * 0.4, 3))
        self._pass(0.001, 0.3)

    def _answer(self, reply: Reply) -> None:
        pages = self._retrieve(reply)
        if pages is None:
            return self._fail()
        messages = self._messages(pages)
        answer = reply.text
        if reply.tool:
            planned = self._call(messages, tool=reply)
            if planned is None:
                return self._fail()
            result = self._tool(reply)
            answer = reply.text if result else self._turn.apology
            messages = [*messages, *_tool_messages(planned, result)]
        final = self._call(messages, answer=answer)
        if final is None:
            return self._fail()
        self._root.output = answer
        return None

    def _fail(self) -> None:
        failed = next(span for span in reversed(self._spans) if span.error)
        self._root.error = failed.error

    def _retrieve(self, reply: Reply) -> tuple[Page, ...] | None:
        span = self._child("search-help-pages", "retriever")
        span.input = self._turn.query
        span.end = self._pass(0.11, 0.45)
        if self._rng.random() < 0.0015:
            self._now += 4_000_000
            span.end = self._now
            span.error = ("ConnectionTimeout", "vector index did not answer within 4 s")
            return None
        score, scored = 0.93 - self._rng.random() * 0.2, []
        for page in reply.pages:
            scored.append((page, round(score, 4)))
            score -= 0.02 + self._rng.random() * 0.09
        span.pages = tuple(scored)
        self._pass(0.002, 0.4)
        return reply.pages

    def _messages(self, pages: tuple[Page, ...]) -> list[Message]:
        context = "\n\n".join(f"[{p.doc_id}] {p.title}\n{p.text}" for p in pages)
        body = prompt_body(self._turn.prompt_version)
        body = body.replace("{{store}}", self._turn.person.store).replace("{{context}}", context)
        user = {"role": "user", "content": self._turn.query}
        return [{"role": "system", "content": body}, *self._turn.history, user]

    def _call(
        self, messages: list[Message], *, answer: str = "", tool: Reply | None = None
    ) -> Span | None:
        """A call to the model, tried again once when it fails; None if both fail."""
        for attempt in range(2):
            span = self._child("plan" if tool else "answer", "llm")
            span.model, span.messages = self._turn.person.model, messages
            if self._rng.random() < (0.008 if attempt == 0 else 0.35):
                self._break(span)
                continue
            self._speak(span, answer, tool)
            return span
        return None

    def _break(self, span: Span) -> None:
        kind, message, seconds = self._rng.choice(_ERRORS)
        self._now += int(seconds * 1e6 * (1 + 0.1 * self._rng.random()))
        span.end, span.error = self._now, (kind, message)
        self._pass(0.5, 0.2)

    def _speak(self, span: Span, answer: str, tool: Reply | None) -> None:
        openai = span.model.startswith("gpt")
        size = sum(len(m["content"]) for m in span.messages)
        span.input_tokens = TOOL_TOKENS + int(size / 4.35) + 4 * len(span.messages)
        span.cached_tokens = self._cached(span.messages, again=not tool) if openai else 0
        if tool:
            span.tool_call = (f"call_{span.span_id}", tool.tool or "", tool.arguments)
        span.output = answer
        span.output_tokens = int(len(answer or (tool.arguments if tool else "")) / 4.1) + 9
        span.response_id = ("chatcmpl-" if openai else "msg_") + span.span_id
        fresh = span.input_tokens - span.cached_tokens
        first = self._pass((0.38 if openai else 0.52) + fresh * 7e-5, 0.34)
        if self._turn.stalls and not tool:
            first = self._now = self._now + int((13 + 21 * self._rng.random()) * 1e6)
        span.first_token = None if tool else first
        span.end = self._pass(span.output_tokens / (95 if openai else 140), 0.22)
        self._pass(0.004, 0.4)

    def _cached(self, messages: list[Message], *, again: bool) -> int:
        """OpenAI caches a known prefix from 1,024 tokens on, in steps of 128."""
        prefix = prompt_body(self._turn.prompt_version).split("{{context}}", maxsplit=1)[0]
        known = TOOL_TOKENS + int(len(prefix) / 4.35)
        if again and len(messages) > 2 and messages[-1]["role"] == "tool":
            known = TOOL_TOKENS + int(sum(len(m["content"]) for m in messages[:-1]) / 4.35)
        if known < 1024 or self._rng.random() < 0.22:
            return 0
        return known // 128 * 128

    def _tool(self, reply: Reply) -> str:
        span = self._child(reply.tool or "", "tool")
        span.input = reply.arguments
        if self._rng.random() < 0.008:
            self._now += 5_000_000
            span.error = ("TimeoutError", f"{reply.tool} did not answer within 5 s")
        else:
            self._pass(0.19, 0.5)
            span.output = reply.result
        span.end = self._now
        self._pass(0.002, 0.4)
        return span.output


def _tool_messages(planned: Span, result: str) -> list[Message]:
    call_id, name, arguments = planned.tool_call or ("", "", "")
    call = json.dumps({"id": call_id, "name": name, "arguments": arguments})
    content = result or json.dumps({"error": "timeout"})
    return [
        {"role": "assistant", "content": "", "tool_calls": call},
        {"role": "tool", "content": content, "tool_call_id": call_id},
    ]


def _normal(rng: Random) -> float:
    """A standard normal draw (Box and Muller), the same on every Python."""
    return math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(2 * math.pi * rng.random())
