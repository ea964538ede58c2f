"""Any server that speaks OpenAI's chat completions: hosted, vLLM, Ollama, llama.cpp …"""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from llmops_lab._cases.case import Case, Json, as_text
from llmops_lab._runs.answer import Answer
from llmops_lab._runs.secrets import without_secrets
from llmops_lab.errors import LabError
from llmops_lab.targets._chat import BrokenReplyError, Reply, streamed_reply, whole_reply
from llmops_lab.targets._limits import Limits, Pace, retry_after_s
from llmops_lab.targets._target import targets

if TYPE_CHECKING:
    import aiohttp

_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _PassingError(Exception):
    """Worth another attempt, after `wait_s` if the server named a time."""

    def __init__(self, says: str, wait_s: float | None = None) -> None:
        super().__init__(says)
        self.wait_s = wait_s


class _RefusedError(Exception):
    """Not worth another attempt."""


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
    _state: "dict[str, Any]" = field(
        default_factory=dict[str, Any], init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        return self.model

    @property
    def identity(self) -> str:
        """Of all that shapes an answer; raises LabError when there is no key to call with."""
        if not self._is_local and not os.environ.get(self.key_variable):
            raise LabError(f"no key for {self.base_url}; set {self.key_variable}")
        shapes = [self.model, self.base_url, self.system, dict(self.params), self.stream]
        return hashlib.sha256(msgspec.json.encode(shapes, order="sorted")).hexdigest()[:16]

    async def answer(self, case: Case, trial: int) -> Answer:
        pace: Pace = self._state.setdefault("pace", Pace(self.limits))
        attempt = 0
        while True:
            if pace.is_spent:
                return Answer(error=f"the limit of ${self.limits.cost_usd:g} is spent")
            await pace.turn()
            try:
                answer = await self._asked(case)
            except _RefusedError as error:
                return Answer(error=without_secrets(self._without_key(str(error))))
            except _PassingError as error:
                wait_s = self.limits.wait_s(attempt, error.wait_s)
                if wait_s is None:
                    says = f"{error} (attempt {attempt + 1}, given up)"
                    return Answer(error=without_secrets(self._without_key(says)))
                await asyncio.sleep(wait_s)
                attempt += 1
            else:
                pace.spent_usd += answer.cost_usd or 0.0
                return answer

    async def close(self) -> None:
        """End the connections of the event loop that is running."""
        if session := self._state.pop("session", None):
            await session.close()

    async def _asked(self, case: Case) -> Answer:
        import aiohttp

        began = perf_counter()
        url = f"{self.base_url.rstrip('/')}/chat/completions"
        try:
            # A redirect could carry the key to another host: it is not followed.
            async with self._session().post(
                url, json=self._body(case), headers=self._headers(), allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await _problem(response)
                reply = await _read(response, began)
        except BrokenReplyError as error:
            raise _PassingError(str(error)) from error
        except TimeoutError as error:
            raise _PassingError(f"silence for {self.limits.silence_s:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise _PassingError(f"{type(error).__name__}: {error}") from error
        return self._answer(reply, perf_counter() - began)

    def _answer(self, reply: Reply, duration_s: float) -> Answer:
        given, taken = (reply.usage.get(f"{side}_tokens") for side in ("prompt", "completion"))
        return Answer(
            output=self._without_key(reply.text),
            finish_reason=reply.finish_reason,
            duration_s=duration_s,
            ttft_s=reply.ttft_s,
            input_tokens=given,
            output_tokens=taken,
            cost_usd=self._cost(reply.model or self.model, given, taken),
            model=reply.model or self.model,
            params=dict(self.params),
        )

    def _cost(self, model: str, given: int | None, taken: int | None) -> float | None:
        if self._is_local or given is None or taken is None:
            return None
        import genai_prices

        usage = genai_prices.Usage(input_tokens=given, output_tokens=taken)
        try:
            price = genai_prices.calc_price(usage, model, provider_api_url=self.base_url)
        except LookupError:
            return None
        return float(price.total_price)

    def _body(self, case: Case) -> dict[str, Any]:
        before = [] if self.system is None else [_message("system", self.system)]
        stream = {"stream": True, "stream_options": {"include_usage": True}} if self.stream else {}
        messages = [*before, *_messages(case.input)]
        return {**self.params, "model": self.model, "messages": messages, **stream}

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.key_variable)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _session(self) -> "aiohttp.ClientSession":
        import aiohttp

        if "session" not in self._state:
            quiet = self.limits.silence_s
            self._state["session"] = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=quiet, sock_read=quiet),
                connector=aiohttp.TCPConnector(limit=0),
                trust_env=True,
                read_bufsize=2**20,
            )
        return self._state["session"]

    @property
    def _is_local(self) -> bool:
        return urlsplit(self.base_url).hostname in _LOOPBACK

    def _without_key(self, text: str) -> str:
        key = os.environ.get(self.key_variable)
        return text.replace(key, f"${self.key_variable}") if key else text


async def _read(response: "aiohttp.ClientResponse", began: float) -> Reply:
    if response.content_type == "text/event-stream":
        return await streamed_reply(response.content, began)
    return whole_reply(await response.read(), began)


async def _problem(response: "aiohttp.ClientResponse") -> Exception:
    text = (await response.content.read(300)).decode("utf-8", "replace")
    says = f"HTTP {response.status}: {' '.join(text.split())}"
    if response.status in _PASSING:
        return _PassingError(says, retry_after_s(response.headers))
    return _RefusedError(says)


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _messages(said: Json) -> list[Any]:
    if isinstance(said, list) and all(isinstance(m, dict) and "role" in m for m in said):
        return said
    return [_message("user", as_text(said))]
