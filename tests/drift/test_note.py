"""How a report is told: what, how much, since when, for whom, how sure, what next."""

from datetime import UTC, datetime

import polars as pl
import pytest

from llmops_lab._drift.note import details, segment_line, since_words


def windows(then_end, now_start):
    start, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 22, 23, tzinfo=UTC)
    return pl.DataFrame({"start": [start, now_start], "end": [then_end, end]})


def march(day, hour=12):
    return datetime(2026, 3, day, hour, tzinfo=UTC)


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
    line = segment_line(WORSE, windows(march(8), march(9)))
    assert line == "Worse: return: negative feedback 11.0 % → 54.0 %"


def test_details_say_for_whom_how_answered_how_sure_and_what_next():
    assert details(WORSE) == [
        "for whom: 1 query by 1 user now; bad answers go with prompt version 3"
        " (odds × 4.2, 2.1 to 8.4)",
        "answers: 0.66 % failures, $0.00095 each",
        "how sure: p = 0.002, corrected for all segments tried; border fuzzy (0.35)",
        "e.g. “how many days”",
        "next: make test cases of the failed answers: lab.propose_cases(report, 2)",
    ]


def test_a_change_of_share_comes_with_its_interval():
    grown = {**WORSE, "kind": "grown", "share_baseline": 0.02, "share_current": 0.05}
    grown |= {"share_change_low": 0.01, "share_change_high": 0.04, "since": march(11)}
    line = segment_line(grown, windows(march(8), march(9)))
    assert line == (
        "Grown: return: 2.0 % → 5.0 % of queries (+1.0 to +4.0 points), since 11 Mar 2026"
    )


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (march(8), "between 8 and 16 Mar 2026"),
        (march(16, 1), "between 8 and 16 Mar 2026"),
        (march(5), "since 5 Mar 2026"),
        (march(19), "since 19 Mar 2026"),
        (None, ""),
    ],
)
def test_days_that_nobody_looked_at_are_no_date(since, told):
    assert since_words(since, windows(march(8, 23), march(16, 0))) == told


def test_where_the_windows_meet_the_day_is_told():
    assert since_words(march(9, 0), windows(march(8, 23), march(9, 0))) == "since 9 Mar 2026"
