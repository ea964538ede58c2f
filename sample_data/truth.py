"""What was planted, where it lies and how large it is, counted from the finished story."""

from collections.abc import Callable, Iterable
from typing import Any

from sample_data import plot
from sample_data.golden import golden_truth
from sample_data.spans import Span
from sample_data.story import Trace

Counts = dict[str, Any]


def write_truth(traces: list[Trace], seed: int) -> Counts:
    """The whole of truth.json apart from the checksums."""
    return {
        "seed": seed,
        "first_day": plot.date_of(1).isoformat(),
        "last_day": plot.date_of(plot.N_DAYS).isoformat(),
        "n_traces": len(traces),
        "n_spans": sum(len(trace.spans) for trace in traces),
        "n_users": len({trace.person.user_id for trace in traces}),
        "n_sessions": len({trace.session_id for trace in traces}),
        "n_by_intent": _tally(trace.intent for trace in traces),
        "plants": {
            "emerging_segment": _emerging(traces),
            "vanishing_segment": _vanishing(traces),
            "slowly_worse_answers": _worse(traces),
            "prompt_doubles_input_tokens": _tokens(traces),
            "latency_tail": _tail(traces),
            "slang": _slang(traces),
            "pasted_query": _pasted(traces),
            "abusive_burst": _burst(traces),
        },
        "recorded_answers": golden_truth(),
    }


def _emerging(traces: list[Trace]) -> Counts:
    hit = [t for t in traces if t.plant == "recall"]
    return {
        "what": "Customers ask about the recall of a kettle. The help pages know nothing of it.",
        "shows_as": "a segment that was not there before, spread over many users; poor feedback",
        "first_day": plot.RECALL_FROM_DAY,
        "first_date": plot.date_of(plot.RECALL_FROM_DAY).isoformat(),
        "share_before": 0.0,
        "share_after": _share(hit, traces, lambda t: t.day >= plot.RECALL_FROM_DAY),
        **_who(hit),
    }


def _vanishing(traces: list[Trace]) -> Counts:
    hit = [t for t in traces if t.plant == "restock"]
    return {
        "what": "Customers ask when the sold-out Lumi lamp returns. It is back on day 10.",
        "shows_as": "a segment that vanishes",
        "last_day": plot.RESTOCK_TO_DAY,
        "last_date": plot.date_of(plot.RESTOCK_TO_DAY).isoformat(),
        "share_before": _share(hit, traces, lambda t: t.day <= plot.RESTOCK_TO_DAY),
        "share_after": 0.0,
        **_who(hit),
    }


def _worse(traces: list[Trace]) -> Counts:
    segment = [t for t in traces if t.intent == plot.WORSE_INTENT]
    by_day = [[t for t in segment if t.day == day] for day in range(1, plot.N_DAYS + 1)]
    weeks = [[t for t in segment if (t.day - 1) // 7 == week] for week in range(3)]
    return {
        "what": "More and more answers about returns rest on the page of 2023: 60 days instead "
        "of 30, a fee of 3.50, no sale items.",
        "shows_as": "rising negative feedback in the returns segment; days never differ from the "
        "day before, the third week differs from the first; the judge's groundedness stays "
        "high, as the outdated page does say so",
        "intent": plot.WORSE_INTENT,
        "document": "returns-2023",
        "n_by_day": [len(day) for day in by_day],
        "n_wrong_by_day": [sum(t.wrong for t in day) for day in by_day],
        "wrong_rate_by_week": [_rate(t.wrong for t in week) for week in weeks],
        "negative_feedback_rate_by_week": [_negative(week) for week in weeks],
        "trace_ids": [t.trace_id for t in segment if t.wrong],
    }


def _tokens(traces: list[Trace]) -> Counts:
    first = plot.PROMPT_FROM_DAY[3]
    before = [t for t in traces if t.prompt_version == 2]
    after = [t for t in traces if t.prompt_version == 3]
    return {
        "what": "Version 3 of the prompt carries tone rules and eight worked examples.",
        "shows_as": "input tokens per call double from one day on, in both models; the cost of "
        "claude-haiku-4-5 follows, that of gpt-4.1-mini hardly moves, as its longer prefix is "
        "read from the cache",
        "first_day": first,
        "first_date": plot.date_of(first).isoformat(),
        "version_before": 2,
        "version_after": 3,
        "by_model": {
            model: {"before": _spent(before, model), "after": _spent(after, model)}
            for model in ("gpt-4.1-mini", "claude-haiku-4-5")
        },
    }


def _spent(traces: list[Trace], model: str) -> Counts:
    calls = [span for t in traces for span in _calls(t) if span.model == model]
    answered = {t.trace_id for t in traces if t.person.model == model and _calls(t)}
    cost = sum(sum(span.costs) for span in calls)
    return {
        "n_calls": len(calls),
        "input_tokens_per_call": round(sum(s.input_tokens for s in calls) / len(calls), 1),
        "cached_tokens_per_call": round(sum(s.cached_tokens for s in calls) / len(calls), 1),
        "output_tokens_per_call": round(sum(s.output_tokens for s in calls) / len(calls), 1),
        "cost_usd": round(cost, 6),
        "cost_usd_per_trace": round(cost / len(answered), 8),
    }


def _calls(trace: Trace) -> list[Span]:
    return [span for span in trace.spans if span.kind == "llm" and not span.error]


def _tail(traces: list[Trace]) -> Counts:
    first = plot.TAIL_FROM_DAY
    hit = [t for t in traces if t.stalled]

    def durations(model: str, keep: Callable[[Trace], bool]) -> Counts:
        kept = [t for t in traces if t.person.model == model and not t.blocked and keep(t)]
        return _quantiles([(t.root.end - t.root.start) / 1e6 for t in kept])

    return {
        "what": "From day 10 one answer in forty of gpt-4.1-mini waits 13 to 34 s for its first "
        "token.",
        "shows_as": "p99 of duration and TTFT of that model multiplies, p50 and p95 stay",
        "model": plot.TAIL_MODEL,
        "first_day": first,
        "first_date": plot.date_of(first).isoformat(),
        "share_of_traces": plot.TAIL_SHARE,
        "duration_s": {
            model: {
                "before": durations(model, lambda t: t.day < first),
                "after": durations(model, lambda t: t.day >= first),
            }
            for model in ("gpt-4.1-mini", "claude-haiku-4-5")
        },
        "trace_ids": [t.trace_id for t in hit],
    }


def _slang(traces: list[Trace]) -> Counts:
    hit = [t for t in traces if t.slang]
    return {
        "what": "From day 11 a share of the customers writes slang, about the same things.",
        "shows_as": "a change of style and not of topic: perplexity and a classifier see it, no "
        "segment should appear",
        "first_day": plot.SLANG_FROM_DAY,
        "first_date": plot.date_of(plot.SLANG_FROM_DAY).isoformat(),
        "share_after": _share(hit, traces, lambda t: t.day >= plot.SLANG_FROM_DAY),
        **_who(hit),
        "user_ids": sorted({t.person.user_id for t in hit}),
    }


def _pasted(traces: list[Trace]) -> Counts:
    hit = [t for t in traces if t.plant == "paste"]
    return {
        "what": "One customer pastes the same query again and again.",
        "shows_as": "a burst by one user, not a trend",
        "days": list(plot.PASTE_DAYS),
        "query": plot.PASTED,
        "user_id": hit[0].person.user_id,
        **_who(hit),
    }


def _burst(traces: list[Trace]) -> Counts:
    hit = [t for t in traces if t.plant == "burst"]
    stopped = [t for t in traces if t.blocked]
    on_day = [t for t in traces if t.day == plot.BURST_DAY]
    return {
        "what": "In one afternoon a few accounts send prompt injections and abuse.",
        "shows_as": "a spike of guardrail hits on one day; its prompts may show as a small new "
        "segment",
        "day": plot.BURST_DAY,
        "date": plot.date_of(plot.BURST_DAY).isoformat(),
        "guardrail_rate_on_day": _rate(t.blocked for t in on_day),
        "guardrail_rate_else": round((len(stopped) - len(hit)) / (len(traces) - len(hit)), 5),
        "n_guardrail_hits": len(stopped),
        **_who(hit),
    }


def _who(hit: list[Trace]) -> Counts:
    return {
        "n_traces": len(hit),
        "n_users": len({t.person.user_id for t in hit}),
        "trace_ids": [t.trace_id for t in hit],
    }


def _share(hit: list[Trace], traces: list[Trace], keep: Callable[[Trace], bool]) -> float:
    return round(sum(map(keep, hit)) / sum(map(keep, traces)), 5)


def _rate(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 5)


def _negative(traces: list[Trace]) -> float:
    return _rate(t.thumb == 0 for t in traces if t.thumb is not None)


def _quantiles(values: list[float]) -> Counts:
    """Percentiles as values that occurred (nearest rank)."""
    ordered = sorted(values)
    ranks = {f"p{q}": ordered[-(-len(ordered) * q // 100) - 1] for q in (50, 95, 99)}
    return {"n": len(ordered)} | {name: round(value, 3) for name, value in ranks.items()}


def _tally(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))
