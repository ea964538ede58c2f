"""A price cell: dollars per token of each count, for one kind of call, period and prompt size.

Providers price parts of the input and output apart (cached, audio, reasoning …), each part out
of a whole. Once the priced parts are known the cost is linear in the counts that a span
carries, so a cell holds one coefficient per count: the part's price minus its whole's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

# Count of a span → price per million tokens, and the tags that say what is part of what: a unit
# with all the tags of another is a part of it. Names of prices are those of genai-prices.
_UNITS: Final[dict[str, tuple[str | None, frozenset[str]]]] = {
    "input_mtok": ("input_tokens", frozenset({"in"})),
    "cache_read_mtok": ("cache_read_tokens", frozenset({"in", "read"})),
    "cache_write_mtok": ("cache_write_tokens", frozenset({"in", "write"})),
    "cache_write_1h_mtok": ("cache_write_1h_tokens", frozenset({"in", "write", "1h"})),
    "input_audio_mtok": ("input_audio_tokens", frozenset({"in", "audio"})),
    "input_image_mtok": ("input_image_tokens", frozenset({"in", "image"})),
    "cache_audio_read_mtok": (None, frozenset({"in", "audio", "read"})),
    "cache_image_read_mtok": (None, frozenset({"in", "image", "read"})),
    "output_mtok": ("output_tokens", frozenset({"out"})),
    "output_reasoning_mtok": ("reasoning_tokens", frozenset({"out", "reasoning"})),
    "output_audio_mtok": ("output_audio_tokens", frozenset({"out", "audio"})),
}
COUNTS: Final = tuple(count for count, _ in _UNITS.values() if count)
"""The token counts of a span that can carry a price."""

_UTC = pl.Datetime("us", "UTC")
CELLS: Final[dict[str, pl.DataType]] = {
    "call_kind": pl.UInt32(),
    "valid_from": _UTC,
    "valid_to": _UTC,
    "day_from": pl.Time(),
    "day_to": pl.Time(),
    "above_tokens": pl.Int64(),
    "up_to_tokens": pl.Int64(),
    **{f"usd_{count}": pl.Float64() for count in COUNTS},
    "usd_call": pl.Float64(),
    "modal": pl.Boolean(),
    "modal_cache": pl.Boolean(),
    "source": pl.String(),
}
"""Columns of price cells. Bounds are null where open; `valid_to` and `day_to` are excluded,
`up_to_tokens` (input tokens of the call) is included. `modal`: audio or image is priced apart;
`modal_cache`: cached audio or images are, which spans do not count."""


@dataclass(frozen=True)
class Price:
    """A price of your own, in US dollars per million tokens (Mtok).

    A part without a price of its own costs what the whole costs: cached tokens what input costs.
    """

    input_usd_per_mtok: float
    output_usd_per_mtok: float = 0.0
    cache_read_usd_per_mtok: float | None = None
    cache_write_usd_per_mtok: float | None = None
    reasoning_usd_per_mtok: float | None = None

    def coefficients(self) -> dict[str, float]:
        """Dollars per token of each count."""
        given = {
            "input_mtok": self.input_usd_per_mtok,
            "output_mtok": self.output_usd_per_mtok,
            "cache_read_mtok": self.cache_read_usd_per_mtok,
            "cache_write_mtok": self.cache_write_usd_per_mtok,
            "output_reasoning_mtok": self.reasoning_usd_per_mtok,
        }
        return coefficients({key: price for key, price in given.items() if price is not None})


def has_token_price(prices: Mapping[str, object]) -> bool:
    """Whether any token count has a price here."""
    return any(key in prices for key in _UNITS)


def coefficients(prices: Mapping[str, float]) -> dict[str, float]:
    """Dollars per token of each count, as columns of a cell, from dollars per million by part."""
    usd = {f"usd_{count}": 0.0 for count in COUNTS}
    for key, share in _own_shares(prices).items():
        for count, times in share.items():
            usd[f"usd_{count}"] += times * prices[key] / 1e6
    return usd


def modality(prices: Mapping[str, object]) -> dict[str, bool]:
    """The columns `modal` and `modal_cache` of a cell."""
    tags = [_UNITS[key][1] for key in prices if key in _UNITS]
    modal = [t for t in tags if t & {"audio", "image"} and "in" in t]
    return {"modal": bool(modal), "modal_cache": any("read" in t for t in modal)}


def _own_shares(priced: Mapping[str, object]) -> dict[str, dict[str, int]]:
    """What each priced part bills: its count less all priced parts of it, as count → factor."""
    shares: dict[str, dict[str, int]] = {}
    units = sorted((key for key in priced if key in _UNITS), key=lambda key: -len(_UNITS[key][1]))
    for key in units:
        count, tags = _UNITS[key]
        share = {count: 1} if count else {}
        for part in [k for k in shares if _UNITS[k][1] > tags]:
            for inner, times in shares[part].items():
                share[inner] = share.get(inner, 0) - times
        shares[key] = share
    return shares
