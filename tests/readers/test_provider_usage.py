"""789 real usage bodies, counted and priced by genai-prices' own tests: an oracle for ours."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from llmops_lab import Traces, price_traces
from llmops_lab.readers._provider_usage import provider_usage

OURS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "input_audio_tokens": "input_audio_tokens",
}
# (provider, model) whose price differs from the oracle's, and why.
LIST_HAS_MOVED = "the installed price list is newer than the oracle"
IMAGES = "image tokens of the answer have no column of their own, and cost more than text"
DIFFERENT = {
    ("google", "gemini-2.5-flash-image"): IMAGES,
    ("google", "gemini-3-pro-image-preview"): IMAGES,
}


@pytest.fixture(scope="module")
def bodies(shared):
    return json.loads((shared / "traces/usage/provider_usages.json").read_text())


def usage_of(entry):
    body = entry["body"]
    return body.get("usage") or body.get("usageMetadata") or body["meta"]


def counted(usage):
    return {OURS[k]: v for k, v in provider_usage(usage).items() if k in OURS and v}


def wanted(extraction):
    return {k: v for k, v in extraction["usage"].items() if k in OURS.values() and v}


def test_every_body_is_counted_as_one_of_the_oracles_extractors_counts_it(bodies):
    """The same body means different things to different providers; the oracle lists them all."""
    other = [
        usage_of(entry)
        for entry in bodies
        if counted(usage_of(entry)) not in [wanted(e) for e in entry["extracted"]]
    ]
    # Mistral's num_cached_tokens, which the oracle does not read.
    assert len(other) == 12
    assert all(usage["num_cached_tokens"] for usage in other)
    for usage in other:
        assert counted(usage).pop("cache_read_tokens") == usage["num_cached_tokens"]


@pytest.fixture(scope="module")
def priced(bodies):
    rows = [
        {
            "span_id": f"{n}:{m}",
            "kind": "llm",
            "provider": price["provider_id"],
            "response_model": entry["model"],
            "start_time": datetime(2026, 11, 1, tzinfo=UTC),
            "oracle": float(price["input_price"]) + float(price["output_price"]),
            **provider_usage(usage_of(entry)),
        }
        for n, entry in enumerate(bodies)
        if "model" in entry
        for extraction in entry["extracted"]
        if wanted(extraction) == counted(usage_of(entry))
        for m, price in enumerate(extraction["extractors"])
        if "input_price" in price and extraction["usage"].get("output_tokens")
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    found = price_traces(Traces.from_frame(frame)).spans
    return frame.with_columns(found["cost_usd"])


def test_prices_agree_with_the_oracle_or_the_list_has_moved(priced):
    from genai_prices import Usage, calc_price

    off = priced.filter((pl.col("cost_usd") - pl.col("oracle")).abs() > 1e-9)
    assert priced.height > 1300
    assert off.height < 0.05 * priced.height
    for row in off.iter_rows(named=True):
        if (row["provider"], row["response_model"]) in DIFFERENT:
            continue
        names = {
            "input_tokens": "input_tokens",
            "output_tokens": "output_tokens",
            "cache_read_tokens": "cache_read_tokens",
            "cache_write_tokens": "cache_write_tokens",
            "output_reasoning_tokens": "reasoning_tokens",
        }
        usage = Usage(**{k: row[v] for k, v in names.items() if row[v]})
        today = calc_price(
            usage,
            row["response_model"],
            provider_id=row["provider"],
            genai_request_timestamp=row["start_time"],
        )
        assert row["cost_usd"] == pytest.approx(float(today.total_price), rel=1e-9), LIST_HAS_MOVED
