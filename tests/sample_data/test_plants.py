"""Every plant is in the Langfuse export as truth.json says, counted again from the file."""

import re
from itertools import pairwise

import numpy as np
import pytest

MODELS = {
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
}


def test_the_story_has_the_promised_size(exported, truth):
    assert len(exported) == truth["n_traces"] >= 6000
    assert len({trace.user_id for trace in exported}) == truth["n_users"] == 400
    assert {trace.day for trace in exported} == set(range(1, 22))
    assert len({trace.trace_id for trace in exported}) == len(exported)
    assert sum(len(trace.observations) for trace in exported) == truth["n_spans"]


def test_activity_is_heavy_tailed(exported):
    _, counts = np.unique([trace.user_id for trace in exported], return_counts=True)
    busiest = np.sort(counts)[::-1]
    assert busiest[:40].sum() > 0.35 * len(exported)
    assert busiest[0] > 15 * np.median(counts)


def test_the_emerging_segment_begins_on_day_12_and_spreads_over_many_users(exported, by_id, truth):
    plant = truth["plants"]["emerging_segment"]
    hit = [by_id[i] for i in plant["trace_ids"]]
    assert min(trace.day for trace in hit) == 12
    assert len({trace.user_id for trace in hit}) == plant["n_users"] >= 100
    after = [trace for trace in exported if trace.day >= 12]
    assert plant["share_after"] == pytest.approx(len(hit) / len(after), abs=1e-4)
    word = re.compile(r"recall|kettle|r[üu]ckruf|wasserkocher|retirada|hervidor|rappel|bouilloire")
    assert not any(re.search(r"\brecall(ed|s)?\b", t.query) for t in exported if t.day < 12)
    assert sum(bool(word.search(t.query.lower())) for t in hit) > 0.5 * len(hit)


def test_the_vanishing_segment_ends_on_day_9(exported, by_id, truth):
    plant = truth["plants"]["vanishing_segment"]
    hit = [by_id[i] for i in plant["trace_ids"]]
    assert max(trace.day for trace in hit) == 9
    assert len({trace.user_id for trace in hit}) == plant["n_users"] >= 80
    assert not any("lumi" in trace.query.lower() for trace in exported if trace.day > 9)


def _negative(traces):
    thumbs = [trace.thumb for trace in traces if trace.thumb is not None]
    return thumbs.count(0), thumbs.count(1)


def test_answers_on_returns_get_worse_so_slowly_that_no_day_differs_from_the_day_before(
    sample, by_id, truth
):
    from scipy.stats import fisher_exact

    segment = [by_id[i] for i, intent in _intents(sample) if intent == "returns"]
    days = [[t for t in segment if t.day == day] for day in range(1, 22)]
    p_days = [fisher_exact([_negative(a), _negative(b)]).pvalue for a, b in pairwise(days)]
    assert min(p_days) > 0.05
    weeks = [[t for t in segment if (t.day - 1) // 7 == week] for week in range(3)]
    assert fisher_exact([_negative(weeks[0]), _negative(weeks[2])]).pvalue < 1e-4
    for week, rate in zip(
        weeks,
        truth["plants"]["slowly_worse_answers"]["negative_feedback_rate_by_week"],
        strict=True,
    ):
        bad, good = _negative(week)
        assert bad / (bad + good) == pytest.approx(rate, abs=1e-4)


def _intents(sample):
    import gzip

    text = gzip.decompress((sample / "traces" / "intents.csv.gz").read_bytes()).decode()
    return [line.split(",")[:2] for line in text.splitlines()[1:]]


def test_wrong_answers_on_returns_cite_the_page_of_2023_and_others_never_do(exported, truth):
    wrong = set(truth["plants"]["slowly_worse_answers"]["trace_ids"])
    citing = {t.trace_id for t in exported if "returns-2023]" in (t.answer or "")}
    assert citing <= wrong
    assert len(citing) > 0.95 * len(wrong)  # a few failed before they could answer


@pytest.mark.parametrize("model", MODELS)
def test_prompt_version_3_doubles_the_input_tokens_of_a_call(exported, truth, model):
    def tokens(version):
        calls = [c for t in exported for c in t.calls if c["promptVersion"] == version]
        usage = [c["usageDetails"] for c in calls if c["model"] == MODELS[model]]
        return np.mean([u["input"] + u.get("input_cached_tokens", 0) for u in usage])

    plant = truth["plants"]["prompt_doubles_input_tokens"]
    assert 1.9 < tokens(3) / tokens(2) < 2.2
    told = plant["by_model"][model]
    assert tokens(2) == pytest.approx(told["before"]["input_tokens_per_call"], abs=0.1)
    assert tokens(3) == pytest.approx(told["after"]["input_tokens_per_call"], abs=0.1)
    first = [t.day for t in exported if any(c["promptVersion"] == 3 for c in t.calls)]
    assert min(first) == plant["first_day"] == 14


def test_costs_are_those_of_genai_prices(exported):
    from genai_prices import Usage, calc_price

    calls = [call for trace in exported for call in trace.calls][::600]
    assert len(calls) > 10
    for call in calls:
        usage = call["usageDetails"]
        cached = usage.get("input_cached_tokens", 0)
        price = calc_price(
            Usage(
                input_tokens=usage["input"] + cached,
                cache_read_tokens=cached,
                output_tokens=usage["output"],
            ),
            call["model"],
        )
        assert call["totalCost"] == pytest.approx(float(price.total_price), rel=1e-4)


def test_the_tail_is_in_p99_of_one_model_only(exported, truth):
    plant = truth["plants"]["latency_tail"]

    def quantile(model, q, keep):
        rows = [t for t in exported if not t.denied and keep(t.day) and _model(t) == MODELS[model]]
        return np.quantile([t.duration_s for t in rows], q)

    def before(day):
        return day < plant["first_day"]

    def after(day):
        return day >= plant["first_day"]

    tail, other = plant["model"], "claude-haiku-4-5"
    assert quantile(tail, 0.99, after) > 3 * quantile(tail, 0.99, before)
    assert quantile(tail, 0.95, after) < 1.25 * quantile(tail, 0.95, before)
    assert quantile(other, 0.99, after) < 1.25 * quantile(other, 0.99, before)


def _model(trace):
    calls = [o["model"] for o in trace.observations if o["type"] == "GENERATION"]
    return calls[0] if calls else None


def test_one_user_pastes_one_query_40_times(exported, truth):
    plant = truth["plants"]["pasted_query"]
    same = [trace for trace in exported if trace.query == plant["query"]]
    assert len(same) == 40
    assert {trace.user_id for trace in same} == {plant["user_id"]}
    assert {trace.day for trace in same} == set(plant["days"])


def test_slang_begins_on_day_11_with_the_same_users_writing_plainly_before(exported, by_id, truth):
    plant = truth["plants"]["slang"]
    hit = [by_id[i] for i in plant["trace_ids"]]
    assert min(trace.day for trace in hit) == 11
    users = {trace.user_id for trace in hit}
    assert sorted(users) == plant["user_ids"]
    before = [t for t in exported if t.day < 11 and t.user_id in users]
    words = (
        "ur|ya|ngl|fr|lowkey|bruh|smh|yo|ayo|lol|lmao+|tbh|idk|cuz|bc|gonna|wanna|smth|aint|deadass"
    )
    slangy = re.compile(rf"\b({words}|n|w)\b", re.IGNORECASE)
    share = [np.mean([bool(slangy.search(t.query)) for t in group]) for group in (before, hit)]
    assert share[1] > 0.4
    assert share[1] > 4 * share[0]


def test_the_abusive_burst_trips_the_guardrail_on_day_18(exported, truth):
    plant = truth["plants"]["abusive_burst"]
    denied = [trace for trace in exported if trace.denied]
    assert len(denied) == plant["n_guardrail_hits"]
    on_day = [trace for trace in exported if trace.day == 18]
    rate = sum(trace.denied for trace in on_day) / len(on_day)
    assert rate == pytest.approx(plant["guardrail_rate_on_day"], abs=1e-4)
    assert rate > 10 * (len(denied) - plant["n_traces"]) / len(exported)
