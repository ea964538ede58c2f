"""Any server that speaks OpenAI's embeddings: hosted, vLLM, Ollama, llama.cpp …"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import numpy as np

from llmops_lab._endpoints.client import BrokenReplyError, Client, NoReplyError
from llmops_lab._endpoints.limits import Limits
from llmops_lab._endpoints.prices import price_usd
from llmops_lab._runs.own_loop import run_in_own_loop, work_together
from llmops_lab.embedders._embedder import Matrix, unit_length
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    import aiohttp

# About four bytes of English make a token and three of Chinese: three is at most, about.
_BYTES_PER_TOKEN = 3
# OpenAI takes 300,000 tokens a request, 8,191 a text; other servers take less.
_MOST_BYTES = 200_000


class _Item(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None


class _Reply(msgspec.Struct):
    data: list[_Item]
    usage: _Usage | None = None


@dataclass(frozen=True)
class EmbeddingEndpoint:
    """An embedding model behind an OpenAI-compatible server: `embed(traces, embedder=...)`.

    Nothing is sent that may cost money before `limits` allow it: without
    `Limits(cost_usd=...)` the error says what it would cost. Prices come from genai-prices, or
    from `usd_per_mtok`, dollars per million tokens (0 for a server that is free); a server on
    this machine is free unless told otherwise. The key is read from `key_variable` and kept
    nowhere.
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    dimensions: int | None = None
    usd_per_mtok: float | None = None
    texts_per_request: int = 256
    requests_at_once: int = 4
    key_variable: str = "OPENAI_API_KEY"
    limits: Limits = field(default_factory=Limits)
    longest_chars: int = 8_000
    _client: Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        client = Client(self.base_url, self.key_variable, self.limits)
        object.__setattr__(self, "_client", client)

    @property
    def name(self) -> str:
        return self.model if self.dimensions is None else f"{self.model} ({self.dimensions})"

    @property
    def cache_name(self) -> str:
        where = urlsplit(self.base_url)
        return f"{where.hostname}:{where.port or ''}{where.path.rstrip('/')} {self.name}"

    def n_tokens(self, texts: Sequence[str]) -> int:
        """Tokens of the texts, at most about: one for three bytes."""
        return sum(_size(text) for text in texts) // _BYTES_PER_TOKEN + len(texts)

    def cost_usd(self, n_tokens: int) -> float | None:
        """Dollars for so many tokens, None when the price is not known."""
        if self.usd_per_mtok is not None:
            return n_tokens * self.usd_per_mtok / 1e6
        if self._client.is_local:
            return 0.0
        return price_usd(self.model, self.base_url, input_tokens=n_tokens)

    def check_cost(self, texts: Sequence[str]) -> None:
        """Raise LabError unless there is a key and the limits allow what the texts would cost."""
        self._client.check_key()
        n_tokens = self.n_tokens(texts)
        cost, allowed = self.cost_usd(n_tokens), self.limits.cost_usd
        if cost is None:
            raise LabError(
                f"the price of {self.model} at {self._host} is not known; give"
                " usd_per_mtok=..., 0 if it is free"
            )
        if cost and (allowed is None or self._client.pace.spent_usd + cost > allowed):
            limit = "" if allowed is None else f", more than is left of ${allowed:g}"
            needed = _rounded_up(self._client.pace.spent_usd + cost)
            raise LabError(
                f"embedding {len(texts):,} texts takes at most about {n_tokens:,} tokens, which"
                f" cost ${cost:.2g} by {self.model}{limit}; to spend that, give"
                f" limits=Limits(cost_usd={needed:g})"
            )

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per text. Raises LabError when the server does not give them."""
        found: dict[int, list[_Item]] = {}
        waiting = _requests(texts, self.texts_per_request)

        async def worker() -> None:
            for start, some in waiting:
                found[start] = await self._asked(some)

        work = work_together(worker, self.requests_at_once, parts=[self._client])
        try:
            if not run_in_own_loop(work, threads=1):
                raise KeyboardInterrupt
        except NoReplyError as error:
            raise LabError(
                f"{self.model} at {self._host} gives no vectors: {error}. What it gave so far is"
                " kept; run it again to go on"
            ) from None
        items = [item.embedding for start in sorted(found) for item in found[start]]
        return unit_length(np.array(items, dtype=np.float32))

    async def _asked(self, texts: Sequence[str]) -> list[_Item]:
        async def read(response: "aiohttp.ClientResponse", _: float) -> _Reply:
            return _decoded(await response.read(), len(texts))

        size = {} if self.dimensions is None else {"dimensions": self.dimensions}
        body: dict[str, Any] = {"model": self.model, "input": list(texts), **size}
        reply = await self._client.post("embeddings", body, read)
        told = reply.usage.prompt_tokens if reply.usage else None
        n_tokens = self.n_tokens(texts) if told is None else told
        self._client.pace.spent_usd += self.cost_usd(n_tokens) or 0.0
        return reply.data

    @property
    def _host(self) -> str:
        where = urlsplit(self.base_url)
        return f"{where.hostname}:{where.port}" if where.port else str(where.hostname)


def _requests(texts: Sequence[str], most: int) -> Generator[tuple[int, Sequence[str]]]:
    """Where each request starts, and its texts: few and small enough for a server."""
    start, size = 0, 0
    for end, text in enumerate(texts):
        size += _size(text)
        if end > start and (end - start == most or size > _MOST_BYTES):
            yield start, texts[start:end]
            start, size = end, _size(text)
    if start < len(texts):
        yield start, texts[start:]


def _rounded_up(usd: float) -> float:
    """To two digits, never less."""
    unit = 10 ** (math.floor(math.log10(usd)) - 1)
    return math.ceil(usd / unit) * unit


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _decoded(data: bytes, n: int) -> _Reply:
    """The reply, its vectors in the order of the texts."""
    try:
        reply = msgspec.json.decode(data, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenReplyError(f"no embeddings: {data[:200].decode('utf-8', 'replace')}") from None
    lengths = {len(item.embedding) for item in reply.data}
    if len(reply.data) != n or len(lengths) != 1:
        raise BrokenReplyError(f"{len(reply.data)} vectors of {lengths} numbers for {n} texts")
    if all(item.index is not None for item in reply.data):
        reply.data.sort(key=lambda item: item.index or 0)
    return reply
