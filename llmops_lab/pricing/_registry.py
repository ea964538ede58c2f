"""Where sources of prices are filed."""

from collections.abc import Callable

import polars as pl

from llmops_lab._registry import Registry

PriceSource = Callable[[pl.DataFrame], pl.DataFrame]
"""From kinds of call (columns call_kind, provider, response_model, request_model, service_tier) to
price cells (`CELLS`); a kind of call that the source does not know has no cell."""

price_sources: Registry[PriceSource] = Registry("source of prices", "llmops_lab.pricing")
