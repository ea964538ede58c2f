"""Requests to an OpenAI-compatible server: patient with its troubles, careful with the key."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from llmops_lab._endpoints.limits import Limits, Pace, retry_after_s
from llmops_lab._runs.secrets import without_secrets
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    import aiohttp

Given = TypeVar("Given")
# Reads a response; the number is the moment of the request (perf_counter).
Read = Callable[["aiohttp.ClientResponse", float], Awaitable[Given]]

_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class BrokenReplyError(Exception):
    """The server said something that is no reply, or stopped in the middle of one."""


class NoReplyError(Exception):
    """There is no reply and there will be none; the text holds no key."""


class _PassingError(Exception):
    """Worth another attempt, after `wait_s` if the server named a time."""

    def __init__(self, says: str, wait_s: float | None = None) -> None:
        super().__init__(says)
        self.wait_s = wait_s


class _RefusedError(Exception):
    """Not worth another attempt."""


@dataclass
class Client:
    """A server, the environment variable that holds its key, and how hard it may be used.

    The key is read at each call and kept nowhere; a server on this machine needs none.
    """

    base_url: str
    key_variable: str
    limits: Limits
    pace: Pace = field(init=False)
    _session: "aiohttp.ClientSession | None" = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.limits)

    @property
    def is_local(self) -> bool:
        return urlsplit(self.base_url).hostname in _LOOPBACK

    def check_key(self) -> None:
        """Raise LabError when there is no key to call with."""
        if not self.is_local and not os.environ.get(self.key_variable):
            raise LabError(f"no key for {self.base_url}; set {self.key_variable}")

    async def post(self, path: str, body: dict[str, Any], read: "Read[Given]") -> Given:
        """What `read` makes of the response, after as many attempts as the limits allow.

        Raises NoReplyError when the server refuses, is in trouble for too long, or when the
        money is spent.
        """
        attempt = 0
        while True:
            if self.pace.is_spent:
                raise NoReplyError(f"the limit of ${self.limits.cost_usd:g} is spent")
            await self.pace.turn()
            try:
                return await self._attempt(path, body, read)
            except _RefusedError as error:
                raise NoReplyError(self._shown(str(error))) from None
            except _PassingError as error:
                wait_s = self.limits.wait_s(attempt, error.wait_s)
                if wait_s is None:
                    says = f"{error} (attempt {attempt + 1}, given up)"
                    raise NoReplyError(self._shown(says)) from None
                await asyncio.sleep(wait_s)
                attempt += 1

    async def close(self) -> None:
        """End the connections of the event loop that is running."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def without_key(self, text: str) -> str:
        key = os.environ.get(self.key_variable)
        return text.replace(key, f"${self.key_variable}") if key else text

    async def _attempt(self, path: str, body: dict[str, Any], read: "Read[Given]") -> Given:
        import aiohttp

        began = perf_counter()
        url = f"{self.base_url.rstrip('/')}/{path}"
        try:
            # A redirect could carry the key to another host: it is not followed.
            async with self._connected().post(
                url, json=body, headers=self._headers(), allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await _problem(response)
                return await read(response, began)
        except BrokenReplyError as error:
            raise _PassingError(str(error)) from error
        except TimeoutError as error:
            raise _PassingError(f"silence for {self.limits.silence_s:g} s") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise _PassingError(f"{type(error).__name__}: {error}") from error

    def _connected(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            quiet = self.limits.silence_s
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=quiet, sock_read=quiet),
                connector=aiohttp.TCPConnector(limit=0),
                trust_env=True,
                read_bufsize=2**20,
            )
        return self._session

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.key_variable)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _shown(self, text: str) -> str:
        return without_secrets(self.without_key(text))


async def _problem(response: "aiohttp.ClientResponse") -> Exception:
    text = (await response.content.read(300)).decode("utf-8", "replace")
    says = f"HTTP {response.status}: {' '.join(text.split())}"
    if response.status in _PASSING:
        return _PassingError(says, retry_after_s(response.headers))
    return _RefusedError(says)
