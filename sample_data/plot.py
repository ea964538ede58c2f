"""The calendar of the story: what is planted, on which day and how strongly. Days count from 1."""

from datetime import UTC, date, datetime, timedelta

FIRST_DAY = date(2026, 3, 2)  # a Monday
N_DAYS = 21
SESSIONS_A_DAY = 197
WEEKDAY = (1.14, 1.06, 1.0, 0.98, 0.96, 0.89, 0.97)  # Monday first

INTENTS = {
    # intent: share of conversations, in percent
    "delivery": 14.5, "returns": 14.0, "refunds": 8.0, "sizes": 6.0, "damaged": 6.0,
    "payment": 6.0, "account": 6.0, "vouchers": 6.0, "product": 6.0, "warranty": 5.0,
    "shipping": 5.0, "order_change": 5.0, "assembly": 4.5, "complaints": 4.0, "b2b": 4.0,
    "smalltalk": 2.6, "allergies": 3.5,
}  # fmt: skip

# A product recall that the help pages know nothing about.
RECALL_FROM_DAY, RECALL_SHARE = 12, 0.085
# A sold-out lamp, back on 11 March.
RESTOCK_TO_DAY, RESTOCK_SHARE = 9, 0.07
# "returns" answered from the page of 2023: the share until the ramp begins and on the last day.
WORSE_INTENT, WORSE_FROM_DAY, WORSE_FROM, WORSE_TO = "returns", 6, 0.04, 0.74
SLANG_FROM_DAY, SLANG_SHARE = 11, 0.92  # of the queries of those who turn to slang
PROMPT_FROM_DAY = {1: 1, 2: 5, 3: 14}  # version: first day
TAIL_FROM_DAY, TAIL_SHARE, TAIL_MODEL = 10, 0.024, "gpt-4.1-mini"
PASTE_DAYS, PASTE_TIMES = (16, 17), 40
PASTED = (
    "Payment failed - Error P-4021 - Your bank did not confirm this transaction. I have tried "
    "three cards now, all with enough money on them, and I get this every time. The desk is in "
    "my basket. FIX IT"
)
BURST_DAY, BURST_TIMES, BURST_USERS = 18, 66, 14


def date_of(day: int) -> date:
    """The calendar date of a day of the story."""
    return FIRST_DAY + timedelta(days=day - 1)


def moment(day: int, second: float) -> int:
    """Microseconds since 1970 at a second of a day, UTC."""
    midnight = datetime.combine(date_of(day), datetime.min.time(), tzinfo=UTC)
    return int(midnight.timestamp()) * 1_000_000 + int(second * 1_000_000)


def prompt_version(day: int) -> int:
    """The prompt in production on a day."""
    return max(version for version, first in PROMPT_FROM_DAY.items() if first <= day)


def outdated_share(day: int) -> float:
    """The share of "returns" answers that come from the page of 2023."""
    risen = max(0, day - WORSE_FROM_DAY) / (N_DAYS - WORSE_FROM_DAY)
    return WORSE_FROM + (WORSE_TO - WORSE_FROM) * risen
