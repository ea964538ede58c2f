"""How many masks stand in texts and tables, and how that is said."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from llmops_lab._privacy.finding import MASK

_SAID: Final = {
    "KEY": ("key", "keys"),
    "EMAIL": ("e-mail address", "e-mail addresses"),
    "ACCOUNT": ("account number", "account numbers"),
    "CARD": ("card number", "card numbers"),
    "SSN": ("social security number", "social security numbers"),
    "IP": ("IP address", "IP addresses"),
    "PHONE": ("phone number", "phone numbers"),
    "NAME": ("name", "names"),
    "USER": ("user id", "user ids"),
}


def count_masks(texts: Iterable[str]) -> Counter[str]:
    """How many masks of each kind stand in the texts."""
    return Counter(match[1] for text in texts for match in MASK.finditer(text))


def masks_in(table: pl.DataFrame) -> Counter[str]:
    """How many masks of each kind stand in the texts of a table."""
    counts: Counter[str] = Counter()
    for values in table.select(pl.col(pl.String, pl.List(pl.String))):
        flat = values.explode() if values.dtype == pl.List else values
        counts.update(count_masks(flat.filter(flat.str.contains(MASK.pattern))))
    return counts


def say_masks(counts: Mapping[str, int]) -> str:
    """`3 values are masked: 2 e-mail addresses, 1 key`; empty when none is."""
    total = sum(counts.values())
    if not total:
        return ""
    kinds = [f"{n:,} {_SAID[kind][n != 1]}" for kind, n in sorted(counts.items()) if n]
    return f"{total:,} {'value is' if total == 1 else 'values are'} masked: {', '.join(kinds)}"
