"""Prices of model calls: what a price is, and where prices come from."""

from llmops_lab.pricing._cells import Price
from llmops_lab.pricing._registry import price_sources

__all__ = ["Price", "price_sources"]
