"""How a report is told: what, how much, since when, for whom, how sure, what next."""

from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from llmops_lab._drift.note import (
    burst_line,
    compared_line,
    details,
    makers,
    segment_line,
    signal_line,
)
from llmops_lab._drift.trust import by_units

WORSE = {
    "segment": 2,
    "name": "return",
    "kind": "worse",
    "metric": "negative_feedback_rate",
    "negative_feedback_rate_baseline": 0.11,
    "negative_feedback_rate_current": 0.54,
    "error_rate_current": 0.0066,
    "cost_usd_current": 0.00095,
    "duration_s_current": None,
    "share_baseline": 0.16,
    "share_current": 0.15,
    "share_change_low": -0.03,
    "share_change_high": 0.02,
    "n_current": 1,
    "users_current": 1,
    "p_adjusted": 0.002,
    "stability": 0.35,
    "since": None,
    "words_current": [],
    "exemplars": ["how many days"],
    "goes_with": "prompt_version 3",
    "odds_ratio": 4.2,
    "odds_ratio_low": 2.1,
    "odds_ratio_high": 8.4,
}


def test_a_segment_that_got_worse_shows_its_metric_then_and_now():
    line = segment_line(WORSE)
    assert line == "Worse: return: negative feedback 11.0 % → 54.0 %"


def test_details_say_for_whom_how_answered_how_sure_and_what_next():
    assert details(WORSE, ("user",)) == [
        "for whom: 1 query by 1 user now; bad answers above all with prompt version 3"
        " (odds × 4.2, 2.1 to 8.4)",
        "answers: 0.66 % failures, $0.00095 each",
        "how sure: p = 0.002; border fuzzy (0.35)",
        "e.g. “how many days”",
        "next: make test cases of the failed answers: lab.propose_cases(report, 2)",
    ]


def test_a_change_of_share_comes_with_its_interval():
    grown = {**WORSE, "kind": "grown", "share_baseline": 0.02, "share_current": 0.05}
    grown |= {
        "share_change_low": 0.01,
        "share_change_high": 0.04,
        "since": datetime(2026, 3, 11, tzinfo=UTC),
    }
    line = segment_line(grown)
    assert line == (
        "Grown: return: 2.0 % → 5.0 % of queries (+1.0 to +4.0 points), since 11 Mar 2026"
    )


def burst(name, by):
    return {"kind": "burst", "name": name, "burst_by": by, "burst_users": len(by)}


def test_bursts_are_one_line_that_says_how_many_and_who():
    rows = pl.DataFrame([burst("bill", ["u6"]), burst("coin", ["u2", "u3"]), burst("oil", ["u6"])])
    assert burst_line(rows, ("user",)) == (
        "3 bursts by few users, no trend: u6 (bill, oil); u2, u3 (coin) (report.bursts)"
    )


def test_a_burst_of_conversations_without_a_user_says_how_many_made_it():
    assert makers({"burst_by": None, "burst_users": 2}) == "2 users"


@pytest.mark.parametrize(("flagged", "says"), [(True, False), (False, True)])
def test_a_perplexity_that_is_only_worth_a_look_says_that_no_error_rate_covers_it(flagged, says):
    row = {"name": "perplexity", "statistic": 1.2, "low": 1.1, "high": 1.3, "words": []}
    line = signal_line({**row, "flagged": flagged, "warned": True})
    assert ("not covered by the error rate" in line) == says


@pytest.mark.parametrize(
    ("units", "says"),
    [
        (("user",), "by 12 users"),
        (("tenant",), "by 12 tenants"),
        (("conversation", "query"), "by 12 conversations or queries"),
        (("query",), ""),
    ],
)
def test_what_was_counted_is_called_what_it_is(units, says):
    assert by_units(12, units) == says


def test_where_each_query_is_a_unit_no_user_is_counted():
    assert details(WORSE, ("query",))[0].startswith("for whom: 1 query now;")


def _windows(units, only=(None, None)):
    rows = [
        {"n": 49, "n_users": 40, "start": None, "end": None, "only": only[0]},
        {"n": 1, "n_users": 1, "start": None, "end": None, "only": only[1]},
    ]
    times = dict.fromkeys(("start", "end"), pl.Datetime("us", "UTC"))
    return SimpleNamespace(windows=pl.DataFrame(rows, schema_overrides=times), units=units)


def test_the_windows_say_how_many_asked_and_what_tells_them_apart():
    assert compared_line(_windows(("user",))) == "1 query by 1 user against 49 queries by 40 users"
    models = _windows(("query",), ("model a", "model b"))
    assert compared_line(models) == "1 query (model b) against 49 queries (model a)"
