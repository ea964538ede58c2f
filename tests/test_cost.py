"""Costs of calls against genai-prices' own arithmetic, and against sums worked by hand."""

import json
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from llmops_lab.cost import price_traces, unpriced_calls
from llmops_lab.pricing import Price
from llmops_lab.pricing._cells import COUNTS
from llmops_lab.traces import Traces

START = datetime(2026, 1, 1, tzinfo=UTC)


def calls(*rows):
    """Traces of model calls, one per trace."""
    known = {"kind": "llm", "start_time": START, "usage_role": "leaf"}
    frame = pl.DataFrame(
        [{"span_id": str(i), **known, **row} for i, row in enumerate(rows)],
        infer_schema_length=None,
    )
    return Traces.from_frame(frame)


def costs(*rows, **options):
    return price_traces(calls(*rows), **options).spans["cost_usd"].to_list()


def call(model, input_tokens=1_000_000, output_tokens=0, **columns):
    return {
        "provider": "openai",
        "response_model": model,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        **columns,
    }


def test_cached_tokens_cost_the_cached_price_and_the_rest_the_full_one():
    # gpt-5: 1.25 per million input, 0.125 cached, 10 output (openai.com/api/pricing).
    found = costs(call("gpt-5", 1000, 100, cache_read_tokens=400))
    assert found == [pytest.approx(600 * 1.25e-6 + 400 * 0.125e-6 + 100 * 10e-6, rel=1e-12)]


def test_a_price_is_the_one_valid_on_the_day_of_the_call():
    # OpenAI cut o3 from 10 to 2 dollars per million input on 10 June 2025.
    days = [datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 20, tzinfo=UTC)]
    assert costs(*(call("o3", start_time=day) for day in days)) == pytest.approx([10, 2])


def test_one_token_over_the_step_makes_the_whole_prompt_dearer():
    # gemini-2.5-pro: 1.25 per million up to 200,000 tokens, else 2.50 for all of them.
    one = {"provider": "gcp.vertex_ai", "response_model": "gemini-2.5-pro", "output_tokens": 0}
    found = costs({**one, "input_tokens": 200_000}, {**one, "input_tokens": 200_001})
    assert found == pytest.approx([0.25, 0.5000025])


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("openai", "openai/gpt-4o", ("openai", "gpt-4o")),
        (None, "azure/gpt-4o", ("azure", "gpt-4o")),
        ("gcp.gemini", "models/gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("gcp.gen_ai", "gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("x_ai", "grok-4", ("x-ai", "grok-4")),
        ("litellm", "anthropic/claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        (None, "GPT-4o", ("openai", "gpt-4o")),
        (
            "aws.bedrock",
            "bedrock/anthropic.claude-3-haiku-20240307-v1:0",
            ("aws", "anthropic.claude-3-haiku-20240307-v1:0"),
        ),
    ],
)
def test_names_that_tools_write_find_their_price(provider, model, same_as):
    usage = {"input_tokens": 1000, "output_tokens": 100}
    owner, name = same_as
    expected = calc_price(
        Usage(**usage), name, provider_id=owner, genai_request_timestamp=START
    ).total_price
    found = costs({"provider": provider, "response_model": model, **usage})
    assert found == [pytest.approx(float(expected), rel=1e-12)]
    assert expected > 0


def test_a_deployments_name_falls_back_to_the_model_that_was_asked_for():
    assert costs(call("my-deployment", request_model="gpt-4o")) == costs(call("gpt-4o"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (call("llama3.1:8b", provider="ollama"), "not in the price list"),
        (call("openai/gpt-4o", provider="vllm"), "not in the price list"),
        (call("ft:gpt-4.1-2025-04-14:shop::id"), "not in the price list"),
        (call("whisper-large-v3", provider="groq"), "not in the price list"),
        (call("gpt-5", 100, cache_read_tokens=900), "token counts contradict each other"),
        (call("gpt-5", 100, 10, reasoning_tokens=90), "token counts contradict each other"),
        (call("gpt-5", None, 10), "tokens not counted"),
        (call("gpt-5", 10, None), "tokens not counted"),
        (call("o3", start_time=None), "no start time to date the price"),
    ],
)
def test_an_unknown_price_is_null_and_counted_with_its_reason(row, reason):
    found = price_traces(calls(row))
    assert found.spans.select("cost_usd", "cost_source").row(0) == (None, None)
    assert found.rows["n_unpriced"].to_list() == [1]
    assert unpriced_calls(found)["reason"].to_list() == [reason]


def test_a_reported_cost_stands_where_the_price_list_has_none():
    row = call("llama3.1:8b", provider="ollama", cost_reported_usd=0.25)
    found = price_traces(calls(row)).spans
    assert found.select("cost_usd", "cost_source").row(0) == (0.25, "reported")


def test_your_own_prices_win_by_model_or_provider_and_model():
    own = {
        "GPT-5": Price(input_usd_per_mtok=1, output_usd_per_mtok=2, cache_read_usd_per_mtok=0.5),
        "acme/x": Price(7),
    }
    rows = (
        call("gpt-5", 1_000_000, 1_000_000, cache_read_tokens=500_000),
        call("x", provider="acme"),
        call("x", provider="other"),
    )
    assert costs(*rows, prices=own) == [0.5 + 0.25 + 2, 7, None]
    assert price_traces(calls(*rows), prices=own).spans["cost_source"][0] == "your prices"


def test_only_calls_that_carry_usage_get_a_cost():
    rows = (call("gpt-5"), call("gpt-5", usage_role="rollup"), call("gpt-5", usage_role="none"))
    assert [c is None for c in costs(*rows)] == [False, True, True]


def test_the_rows_stay_as_they_were_but_for_their_cost():
    before = calls(call("gpt-5"), call("nobody"), call("o3"))
    after = price_traces(before)
    same = [c for c in before.spans.columns if not c.startswith("cost_")]
    assert after.spans.select(same).equals(before.spans.select(same))
    assert after.spans.schema == before.spans.schema


def test_no_calls_cost_nothing():
    assert price_traces(calls(call("gpt-5", usage_role="none"))).spans["cost_usd"][0] is None


TIERS = (None, "default", "standard", "priority", "flex", "batch", "fast")


def random_call(chance, models):
    """A call with counts that do not contradict each other."""
    provider, model = chance.choice(models)
    given = chance.choice([chance.randrange(50_000), chance.randrange(600_000), 200_000, 272_001])
    made = chance.randrange(20_000)
    cached = chance.randrange(given + 1)
    written = chance.randrange(given - cached + 1)
    media = chance.random() < 0.15
    return {
        "provider": provider,
        "response_model": model,
        "service_tier": chance.choice(TIERS),
        "start_time": datetime(2024, 1, 1, tzinfo=UTC)
        + timedelta(seconds=chance.randrange(92_000_000)),
        "input_tokens": given,
        "output_tokens": made,
        "cache_read_tokens": 0 if media else cached,
        "cache_write_tokens": 0 if media else written,
        "cache_write_1h_tokens": 0 if media else chance.randrange(written + 1),
        "reasoning_tokens": 0 if media else chance.randrange(made + 1),
        "input_audio_tokens": given // 3 if media else 0,
        "input_image_tokens": given // 4 if media else 0,
        "output_audio_tokens": made // 2 if media else 0,
    }


def true_cost(row):
    """What genai-prices itself computes for the row."""
    usage = {
        ("output_" if k == "reasoning_tokens" else "") + k: v
        for k, v in row.items()
        if k.endswith("tokens")
    }
    tier = row["service_tier"]
    context = {"processing": "batch"} if tier == "batch" else tier and {"service_tier": tier}
    price = calc_price(
        Usage(**usage),
        row["response_model"],
        provider_id=row["provider"],
        genai_request_timestamp=row["start_time"],
        price_context=context or None,
    )
    return float(price.total_price)


def priced_models():
    """Models with a price per token, by provider: what a span can be priced by."""
    return [
        (provider.id, model.id)
        for provider in get_snapshot().providers
        for model in provider.models
        if "mtok" in str(vars(model.get_prices(START)).keys())
    ]


@pytest.mark.parametrize("seed", range(2))
def test_every_cost_is_that_of_genai_prices(seed):
    chance = random.Random(seed)
    rows = [random_call(chance, priced_models()) for _ in range(700)]
    expected = []
    for row in rows:
        try:
            expected.append(true_cost(row))
        except (LookupError, ValueError):
            expected.append(None)
    found = costs(*rows)
    compared = [
        (row, cost, truth)
        for row, cost, truth in zip(rows, found, expected, strict=True)
        if truth is not None and cost is not None
    ]
    assert len(compared) > 640
    assert [r for r, cost, truth in compared if cost != pytest.approx(truth, rel=1e-9)] == []


def test_models_with_steps_periods_and_hours_cost_what_genai_prices_says():
    from genai_prices.types import TimeOfDateConstraint

    listed = {
        (p.id, m.id): m.prices
        for p in get_snapshot().providers
        for m in p.models
        if isinstance(m.prices, list) and (p.id, m.id) in set(priced_models())
    }
    dated = list(listed)
    hours = [
        name
        for name, prices in listed.items()
        if any(isinstance(c.constraint, TimeOfDateConstraint) for c in prices)
    ]
    assert len(hours) >= 4
    chance = random.Random(1)
    rows = [random_call(chance, dated) for _ in range(300)]
    rows += [random_call(chance, hours) for _ in range(200)]
    found = costs(*rows)
    for row, cost in zip(rows, found, strict=True):
        try:
            truth = true_cost(row)
        except (LookupError, ValueError):
            continue
        assert cost == pytest.approx(truth, rel=1e-9), row


def recorded_prices(path):
    """Real usage bodies with the price that genai-prices recorded for them."""
    ours = {"output_reasoning_tokens": "reasoning_tokens"}
    for item in json.loads(path.read_text()):
        for extracted in item["extracted"]:
            counts = {ours.get(k, k): v for k, v in extracted["usage"].items()}
            if "cache_text_read_tokens" in counts or "cache_write_5m_tokens" in counts:
                continue  # counts that spans do not carry
            counts = {k: v for k, v in counts.items() if k in COUNTS}
            for priced in extracted["extractors"]:
                if "input_price" in priced and "input_tokens" in counts:
                    row = {"provider": priced["provider_id"], "response_model": item["model"]}
                    total = float(priced["input_price"]) + float(priced["output_price"])
                    yield {**row, "kind": "embedding", **counts}, total


def test_real_usage_bodies_cost_what_genai_prices_recorded(shared):
    recorded = list(recorded_prices(shared / "traces/usage/provider_usages.json"))
    day = datetime(2026, 8, 21, tzinfo=UTC)  # of the recording
    found = costs(*({**row, "start_time": day} for row, _ in recorded))
    totals = [total for _, total in recorded]
    same = [c == pytest.approx(t, rel=1e-9) for c, t in zip(found, totals, strict=True)]
    assert len(same) > 1500
    # The price list has been corrected for a few models since the recording.
    assert sum(same) / len(same) > 0.96


def test_costs_of_real_langfuse_exports_are_those_that_langfuse_computed(shared):
    from llmops_lab.ingest import read_traces

    calls = pl.concat(
        read_traces(path).spans.filter(pl.col("cost_source").str.starts_with("genai"))
        for path in sorted((shared / "traces/langfuse").glob("*.json"))
    )
    both = calls.drop_nulls("cost_reported_usd")
    ratio = (both["cost_usd"] / both["cost_reported_usd"]).to_numpy()
    same = abs(ratio - 1) < 1e-6
    assert len(same) >= 20
    # Langfuse billed the cached tokens of two gpt-5 calls at the full price, and three gpt-4o
    # calls below any price that OpenAI has had for it.
    assert (~same).sum() == 5
    assert set(both.filter(~pl.Series(same))["request_model"].str.slice(0, 6)) == {
        "gpt-5",
        "gpt-4o",
    }
