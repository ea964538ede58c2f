"""Why cost changed: effects worked by hand, planted causes, and sums that must close."""

from datetime import UTC, datetime
from math import prod

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_lab._costs.shapley import factor_effects
from llmops_lab.cost import price_traces
from llmops_lab.cost_change import explain_cost
from llmops_lab.errors import LabError
from llmops_lab.pricing import Price
from llmops_lab.traces import Traces

CALL = {
    "kind": "llm",
    "provider": "openai",
    "request_model": "gpt-4o",  # 2.50 per million input, 1.25 cached, 10 output
    "prompt_name": "support",
    "prompt_version": "2",
    "input_tokens": 1000,
    "output_tokens": 0,
    "start_time": datetime(2026, 1, 1, tzinfo=UTC),
}


def traces(*calls, prices=None):
    """One trace per call, or as many calls to a trace as a call's `trace_id` says."""
    rows = [{"trace_id": f"t{i}", "span_id": f"s{i}", **CALL, **c} for i, c in enumerate(calls)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return price_traces(Traces.from_frame(frame), prices=prices)


def effects(change):
    rows = change.frame.select("factor", "part", "usd_per_trace").iter_rows()
    return {(factor, part): pytest.approx(usd) for factor, part, usd in rows}


def test_two_factors_split_as_kitagawa_does():
    found = factor_effects([np.array(2.0), np.array(3.0)], [np.array(4.0), np.array(5.0)])
    assert [float(effect) for effect in found] == [(4 - 2) * (3 + 5) / 2, (5 - 3) * (2 + 4) / 2]


FACTORS = st.lists(
    st.tuples(st.floats(0, 10, allow_subnormal=False), st.floats(0, 10, allow_subnormal=False)),
    min_size=1,
    max_size=6,
)


@given(factors=FACTORS)
def test_effects_of_factors_add_up_and_an_unchanged_factor_has_none(factors):
    before, after = ([np.array([f[side]]) for f in factors] for side in (0, 1))
    found = factor_effects(before, after)
    change = prod(f[1] for f in factors) - prod(f[0] for f in factors)
    assert sum(float(e[0]) for e in found) == pytest.approx(change, rel=1e-9, abs=1e-6)
    for (then, now), effect in zip(factors, found, strict=True):
        assert then != now or effect[0] == 0


def test_a_version_that_doubles_the_input_is_named_with_its_whole_effect():
    new = {"prompt_version": "3", "input_tokens": 2000}
    change = explain_cost(traces(CALL, CALL), traces(new, new))
    assert effects(change) == {("versions", "input"): 1000 * 2.5e-6}
    assert change.reasons == [
        "prompt support 3 sends 2.0x the input tokens of 2 (2,000 a call against 1,000): "
        "+$0.0025 of +$0.0025 per trace"
    ]


def test_more_tokens_from_the_same_version_are_not_blamed_on_a_version():
    change = explain_cost(traces(CALL), traces({"output_tokens": 100, "input_tokens": 1100}))
    assert effects(change) == {("tokens", "output"): 100 * 10e-6, ("tokens", "input"): 100 * 2.5e-6}
    assert "sends 10.0 % more input tokens than before (1,100 a call against 1,000)" in str(change)


def test_tokens_that_come_from_the_cache_make_input_cheaper():
    change = explain_cost(traces(CALL), traces({"cache_read_tokens": 400}))
    assert effects(change) == {("tokens", "input"): -400 * (2.5e-6 - 1.25e-6)}
    assert "(1,000 a call against 1,000; 40.0 % against 0 % cached)" in change.reasons[0]


def test_a_dearer_model_is_a_change_of_models():
    cheap = {"request_model": "gpt-4o-mini"}  # 0.15 per million input
    change = explain_cost(traces(cheap, cheap), traces(cheap, CALL))
    assert effects(change) == {("models", None): 0.5 * 1000 * (2.5e-6 - 0.15e-6)}
    assert "gpt-4o answers 50.0 % of the calls of prompt support, 0 % before" in str(change)


def test_a_price_cut_is_a_change_of_prices():
    # OpenAI cut o3 from 10 to 2 dollars per million input on 10 June 2025.
    days = [
        {"request_model": "o3", "start_time": datetime(2025, 6, d, tzinfo=UTC)} for d in (1, 20)
    ]
    change = explain_cost(traces(days[0]), traces(days[1]))
    assert effects(change) == {("prices", "input"): -1000 * 8e-6}
    assert change.reasons[0].startswith("o3 costs $2.00 per million input tokens, $10.00 before")


def test_a_second_call_per_trace_is_a_change_of_calls():
    two = [{"trace_id": "a"}, {"trace_id": "a"}]
    change = explain_cost(traces(CALL), traces(*two))
    assert effects(change) == {("calls", None): 1000 * 2.5e-6}
    assert "2.00 calls per trace, 1.00 before" in change.reasons[0]


def test_another_question_asked_more_often_is_a_change_of_prompts():
    long = {"prompt_name": "report", "input_tokens": 5000}
    change = explain_cost(traces(CALL, CALL, CALL, long), traces(CALL, long))
    assert effects(change) == {("prompts", None): 0.25 * 4000 * 2.5e-6}
    assert "50.0 % of the calls, 25.0 % before" in change.reasons[0]


CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "trace_id": st.sampled_from("abcde"),
            "prompt_name": st.sampled_from(["support", "report", None]),
            "prompt_version": st.sampled_from(["1", "2", None]),
            "request_model": st.sampled_from(["gpt-4o", "gpt-4o-mini", "o3", "nobody"]),
            "input_tokens": st.integers(1, 5000),
            "output_tokens": st.integers(0, 900),
            "cache_read_tokens": st.sampled_from([0, 1]),
            "cost_reported_usd": st.sampled_from([None, 0.25]),
            "start_time": st.sampled_from([datetime(2025, m, 20, tzinfo=UTC) for m in (5, 7)]),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(before=CALLS, after=CALLS)
def test_effects_add_up_to_the_change_of_the_mean_cost_of_priced_traces(before, after):
    sides = traces(*before), traces(*after)
    known = [t.rows.filter(pl.col("n_unpriced") == 0, pl.col("cost_usd") >= 0) for t in sides]
    if not all(len(rows) for rows in known):
        with pytest.raises(LabError, match="has a known cost"):
            explain_cost(*sides)
        return
    change = explain_cost(*sides)
    then, now = (rows["cost_usd"].mean() for rows in known)
    assert change.baseline_usd_per_trace == pytest.approx(then)
    assert change.current_usd_per_trace == pytest.approx(now)
    assert change.frame["usd_per_trace"].sum() == pytest.approx(now - then, abs=1e-12)
    lost = sum(len(t) for t in sides) - sum(len(rows) for rows in known)
    assert change.n_left_out == lost
    assert str(change)


def test_your_own_prices_are_split_like_the_lists():
    own = {"gpt-4o": Price(input_usd_per_mtok=25, output_usd_per_mtok=100)}
    change = explain_cost(traces(CALL), traces({"output_tokens": 100}, prices=None))
    ten = explain_cost(traces(CALL, prices=own), traces({"output_tokens": 100}, prices=own))
    assert ten.usd_per_trace == pytest.approx(10 * change.usd_per_trace)
    assert effects(ten)["tokens", "output"] == pytest.approx(100 * 100e-6)


def test_a_cost_that_only_the_source_knows_is_split_no_further():
    told = {"request_model": "nobody", "cost_reported_usd": 0.5}
    change = explain_cost(traces(told), traces({**told, "cost_reported_usd": 0.75}))
    assert effects(change) == {("prices", "other"): 0.25}


def test_no_change_has_no_reason():
    change = explain_cost(traces(CALL), traces(CALL))
    assert change.frame.height == 0
    assert change.reasons == []
    assert "Cost per trace: $0.0025 → $0.0025 (+0 %)" in str(change)


def test_a_prompt_name_that_is_markup_is_shown_as_text():
    bad = {"prompt_name": "<script>x</script>"}
    html = explain_cost(traces(bad), traces({**bad, "input_tokens": 9}))._repr_html_()
    assert "<script" not in html
