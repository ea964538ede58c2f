"""How hard an endpoint may be used, and when to try again."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Limits:
    """What an endpoint may be asked for: requests a minute, dollars in all, seconds of silence.

    A request that fails in passing is made up to `attempts` times, after what `Retry-After`
    says or a random wait that doubles from `backoff_s`; a wait of more than `longest_wait_s`
    is not made.
    """

    requests_per_minute: float | None = None
    cost_usd: float | None = None
    silence_s: float = 60.0
    attempts: int = 4
    backoff_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait_s(self, attempt: int, asked_for_s: float | None) -> float | None:
        """Seconds before the next attempt (the first is 0), None when it is not worth it."""
        if attempt + 1 >= self.attempts:
            return None
        # Drawn anew for each caller: those that failed together must not come back together.
        backoff = random.uniform(0.5, 1) * self.backoff_s * 2**attempt
        wait = backoff if asked_for_s is None else asked_for_s
        return wait if wait <= self.longest_wait_s else None


@dataclass
class Pace:
    """When the next request may go out, and what all of them have cost."""

    limits: Limits
    spent_usd: float = 0.0
    _next_at: float = field(default=0.0)

    async def turn(self) -> None:
        """Wait until a request may go out."""
        if self.limits.requests_per_minute is None:
            return
        clock = asyncio.get_running_loop().time
        mine = max(clock(), self._next_at)
        self._next_at = mine + 60 / self.limits.requests_per_minute
        await asyncio.sleep(mine - clock())

    @property
    def is_spent(self) -> bool:
        return self.limits.cost_usd is not None and self.spent_usd >= self.limits.cost_usd


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: `retry-after-ms`, or `Retry-After` as number or date."""
    for name, unit in (("retry-after-ms", 1e-3), ("Retry-After", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        moment = parsedate_to_datetime(headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
