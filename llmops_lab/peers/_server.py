"""JSON over HTTP with a server the user named: patient, several requests at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from llmops_lab._endpoints.limits import Limits, retry_after_s
from llmops_lab._runs.own_loop import run_in_own_loop
from llmops_lab._runs.secrets import without_secrets
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    import aiohttp

_AT_ONCE = 8
_PASSING = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Request:
    """One request: a body goes as JSON, `query` behind the path; `absent` is returned for 404."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] | Sequence[tuple[str, str]] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Server:
    """Where to ask, with headers that are made at each call, so that no key is kept."""

    base_url: str
    headers: Mapping[str, str]
    limits: Limits = field(default_factory=Limits)

    def ask(self, *requests: Request) -> list[Any]:
        """The answers, in order. Raises LabError for the first request that is refused."""
        found: list[Any] = [None] * len(requests)

        async def work() -> None:
            import aiohttp

            quiet = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
            free = asyncio.Semaphore(_AT_ONCE)
            async with aiohttp.ClientSession(timeout=quiet, headers=self.headers) as session:

                async def one(place: int, request: Request) -> None:
                    async with free:
                        found[place] = await self._asked(session, request)

                async with asyncio.TaskGroup() as group:
                    for place, request in enumerate(requests):
                        group.create_task(one(place, request))

        try:
            finished = run_in_own_loop(work(), threads=1)
        except* LabError as errors:
            raise errors.exceptions[0] from None
        if not finished:
            raise LabError("interrupted; what the server has taken so far stays there")
        return found

    async def _asked(self, session: "aiohttp.ClientSession", request: Request) -> Any:
        attempt = 0
        while True:
            says, wait_s = await self._attempt(session, request)
            if wait_s is None:
                return says
            pause = self.limits.wait_s(attempt, wait_s or None)
            if pause is None:
                tried = f"{says} (attempt {attempt + 1}, given up)"
                raise LabError(without_secrets(f"{self._named(request)}: {tried}"))
            await asyncio.sleep(pause)
            attempt += 1

    async def _attempt(
        self, session: "aiohttp.ClientSession", request: Request
    ) -> tuple[Any, float | None]:
        """The answer and None; or what is wrong for now, and how long to wait (0: as usual)."""
        import aiohttp

        url = f"{self.base_url.rstrip('/')}/{request.path}"
        query = list(request.query.items() if isinstance(request.query, Mapping) else request.query)
        try:
            # A redirect could carry a key to another host: it is not followed.
            async with session.request(
                request.method, url, json=request.body, params=query, allow_redirects=False
            ) as response:
                data = await response.read()
                if response.status in _PASSING:
                    return f"HTTP {response.status}", retry_after_s(response.headers) or 0.0
                if response.status >= 300:
                    text = " ".join(data[:300].decode("utf-8", "replace").split())
                    says = f"{self._named(request)}: HTTP {response.status}: {text}"
                    raise LabError(without_secrets(says))
                return _decoded(data, self._named(request)), None
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}", 0.0

    def _named(self, request: Request) -> str:
        return f"{request.method} {self.base_url}/{request.path}"


def _decoded(data: bytes, named: str) -> Any:
    try:
        return msgspec.json.decode(data) if data.strip() else None
    except msgspec.DecodeError:
        raise LabError(f"{named}: no JSON: {data[:100]!r}") from None


def bearer(key: str | None) -> dict[str, str]:
    """The header of a key, if there is one."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def dropped(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without what says nothing."""
    return {name: value for name, value in record.items() if value is not None}
