"""Any server that speaks OpenAI's chat completions: hosted, vLLM, Ollama, llama.cpp …"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from llmops_lab._cases.case import Case, Json, as_text
from llmops_lab._endpoints.client import Client, NoReplyError
from llmops_lab._endpoints.limits import Limits
from llmops_lab._endpoints.prices import price_usd
from llmops_lab._runs.answer import Answer
from llmops_lab.targets._chat import Reply, streamed_reply, whole_reply
from llmops_lab.targets._target import targets

if TYPE_CHECKING:
    import aiohttp


@targets.register("endpoint")
@dataclass(frozen=True)
class Endpoint:
    """A model behind an OpenAI-compatible server; swapping models is another `model`.

    The input of a case becomes a user message, or is sent as it is when it is messages already;
    `system` goes before it, `params` (temperature, max_tokens …) beside it. The key is read from
    the environment variable `key_variable` at each call and is kept nowhere; a server on this
    machine needs none. `duration_s` and `ttft_s` are those of the attempt that succeeded. Costs
    come from genai-prices, for servers that it knows.
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    system: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stream: bool = True
    key_variable: str = "OPENAI_API_KEY"
    limits: Limits = field(default_factory=Limits)
    _client: Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        client = Client(self.base_url, self.key_variable, self.limits)
        object.__setattr__(self, "_client", client)

    @property
    def name(self) -> str:
        return self.model

    @property
    def identity(self) -> str:
        """Of all that shapes an answer; raises LabError when there is no key to call with."""
        self._client.check_key()
        shapes = [self.model, self.base_url, self.system, dict(self.params), self.stream]
        return hashlib.sha256(msgspec.json.encode(shapes, order="sorted")).hexdigest()[:16]

    def with_params(self, **params: Any) -> "Endpoint":
        """The same endpoint, asked with further parameters."""
        return replace(self, params={**self.params, **params})

    async def answer(self, case: Case, trial: int) -> Answer:
        try:
            reply, duration_s = await self._client.post("chat/completions", self._body(case), _read)
        except NoReplyError as error:
            return Answer(error=str(error))
        answer = self._answer(reply, duration_s)
        self._client.pace.spent_usd += answer.cost_usd or 0.0
        return answer

    async def close(self) -> None:
        """End the connections of the event loop that is running."""
        await self._client.close()

    def _answer(self, reply: Reply, duration_s: float) -> Answer:
        given, taken = (reply.usage.get(f"{side}_tokens") for side in ("prompt", "completion"))
        return Answer(
            output=self._client.without_key(reply.text),
            finish_reason=reply.finish_reason,
            duration_s=duration_s,
            ttft_s=reply.ttft_s,
            input_tokens=given,
            output_tokens=taken,
            cost_usd=self._cost(reply.model or self.model, given, taken),
            model=reply.model or self.model,
            params=dict(self.params),
            first_token=reply.first_token,
        )

    def _cost(self, model: str, given: int | None, taken: int | None) -> float | None:
        if self._client.is_local or given is None or taken is None:
            return None
        return price_usd(model, self.base_url, input_tokens=given, output_tokens=taken)

    def _body(self, case: Case) -> dict[str, Any]:
        before = [] if self.system is None else [_message("system", self.system)]
        stream = {"stream": True, "stream_options": {"include_usage": True}} if self.stream else {}
        messages = [*before, *_messages(case.input)]
        return {**self.params, "model": self.model, "messages": messages, **stream}


async def _read(response: "aiohttp.ClientResponse", began: float) -> tuple[Reply, float]:
    """The reply and the seconds it took."""
    if response.content_type == "text/event-stream":
        reply = await streamed_reply(response.content, began)
    else:
        reply = whole_reply(await response.read(), began)
    return reply, perf_counter() - began


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _messages(said: Json) -> list[Any]:
    if isinstance(said, list) and all(isinstance(m, dict) and "role" in m for m in said):
        return said
    return [_message("user", as_text(said))]
