"""Prices of genai-prices: dated, by prompt size, service tier and time of day, offline.

Source: https://github.com/pydantic/genai-prices. `find_provider_model` and `get_prices` are not
in its `__all__`; a test holds every result here against its `calc_price`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from llmops_lab.pricing._cells import CELLS, coefficients, has_token_price, modality
from llmops_lab.pricing._names import candidates, provider_name
from llmops_lab.pricing._registry import price_sources

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_BEFORE_ALL = date(2000, 1, 1)
_MIDNIGHT = time(0)


@price_sources.register("genai-prices")
def genai_cells(kinds: pl.DataFrame) -> pl.DataFrame:
    """Price cells of the kinds of call that genai-prices knows."""
    import genai_prices

    source = {"source": f"genai-prices:{genai_prices.__version__}"}
    rows: list[dict[str, Any]] = []
    for kind in kinds.iter_rows(named=True):
        found = _find(kind["provider"], kind["response_model"], kind["request_model"])
        if found:
            context = _context(kind["service_tier"], *found)
            rows += [
                {"call_kind": kind["call_kind"], **c, **source} for c in _cells(found[1], context)
            ]
    return pl.DataFrame(rows, schema=CELLS)


def _find(provider: str | None, *models: str | None) -> "tuple[Provider, ModelInfo] | None":
    """The first name that the price list knows.

    Nothing for a provider that it does not know: what Ollama serves as `openai/gpt-oss` is not
    billed by OpenAI.
    """
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    snapshot = get_snapshot()
    named = provider_name(provider)
    if named is not None and find_provider_by_id(snapshot.providers, named) is None:
        return None
    for model in filter(None, models):
        for owner, name in candidates(provider, model):
            try:
                return snapshot.find_provider_model(name, None, owner, None)
            except LookupError:
                continue
    return None


def _context(tier: str | None, provider: "Provider", model: "ModelInfo") -> dict[str, str] | None:
    """What selects a variant of the price; a model borrowed from another provider has none."""
    if not tier or not any(model is own for own in provider.models):
        return None
    return {"processing": "batch"} if tier.lower() == "batch" else {"service_tier": tier.lower()}


def _cells(model: "ModelInfo", context: dict[str, str] | None) -> Iterator[dict[str, Any]]:
    dates, times = _changes(model)
    for valid_from, valid_to in pairwise([None, *dates, None]):
        for day_from, day_to in zip([_MIDNIGHT, *times], [*times, None], strict=True):
            moment = datetime.combine(valid_from or _BEFORE_ALL, day_from, UTC)
            period = {
                "valid_from": valid_from and datetime.combine(valid_from, _MIDNIGHT, UTC),
                "valid_to": valid_to and datetime.combine(valid_to, _MIDNIGHT, UTC),
                "day_from": day_from if times else None,
                "day_to": day_to,
            }
            for size in _sizes(model, model.get_prices(moment, context)):
                yield {**period, **size}


def _changes(model: "ModelInfo") -> tuple[list[date], list[time]]:
    """The dates and times of day (UTC) at which any price of the model may change."""
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    conditional = model.prices if isinstance(model.prices, list) else []
    limits = [c.constraint for c in (*conditional, *(model.price_variants or []))]
    dates = {limit.start_date for limit in limits if isinstance(limit, StartDateConstraint)}
    ends = [
        (limit.start_time, limit.end_time)
        for limit in limits
        if isinstance(limit, TimeOfDateConstraint)
    ]
    times = {_utc_time(moment) for pair in ends for moment in pair}
    return sorted(dates), sorted(times - {_MIDNIGHT})


def _utc_time(moment: time) -> time:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.combine(date(1970, 1, 1), aware).astimezone(UTC).time()


def _sizes(model: "ModelInfo", price: "ModelPrice") -> Iterator[dict[str, Any]]:
    """One cell per step of the prompt size; above a step all tokens cost that step's price."""
    from genai_prices.types import TieredPrices

    prices = {key: value for key, value in vars(price).items() if value is not None}
    if not has_token_price(prices) and not model.id.endswith(":free"):
        return
    tiered = [value for value in prices.values() if isinstance(value, TieredPrices)]
    steps = sorted({tier.start for value in tiered for tier in value.tiers})
    for above, up_to in pairwise([None, *steps, None]):
        flat = {key: _at(value, above) for key, value in prices.items()}
        yield {
            "above_tokens": above,
            "up_to_tokens": up_to,
            **coefficients(flat),
            "usd_call": flat.get("requests_kcount", 0.0) / 1e3,
            **modality(flat),
        }


def _at(price: Any, above: int | None) -> float:
    """Dollars per million at prompts above so many tokens."""
    reached = [
        t.price for t in getattr(price, "tiers", ()) if above is not None and t.start <= above
    ]
    return float(reached[-1] if reached else getattr(price, "base", price))
