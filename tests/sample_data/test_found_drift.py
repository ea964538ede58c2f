"""What detect_drift finds in the sample data, against what was planted there."""

import csv
import gzip

import pytest

from llmops_lab.drift import detect_drift
from llmops_lab.embeddings import embed


@pytest.fixture(scope="module")
def windows(whole):
    """The first week and the third."""
    weeks = ("2026-03-02", "2026-03-09"), ("2026-03-16", "2026-03-23")
    return [embed(whole.between(*week)) for week in weeks]


@pytest.fixture(scope="module")
def report(windows):
    return detect_drift(*windows)


@pytest.fixture(scope="module")
def trace_ids(windows):
    return [trace_id for window in windows for trace_id in window.frame["trace_id"]]


@pytest.fixture(scope="module")
def by_intent(sample):
    with gzip.open(sample / "traces" / "intents.csv.gz", "rt") as lines:
        found = {}
        for row in csv.DictReader(lines):
            found.setdefault(row["intent"], []).append(row["trace_id"])
    return found


def overlap(report, trace_ids, row, planted):
    """Share of the segment's traces that are planted, and of the planted that it holds."""
    segment = {i for i, s in zip(trace_ids, report.membership, strict=True) if s == row["segment"]}
    planted = set(planted) & set(trace_ids)
    both = len(segment & planted)
    return both / len(segment), both / len(planted)


@pytest.mark.parametrize(
    ("kind", "plant"), [("emerging", "emerging_segment"), ("vanished", "vanishing_segment")]
)
def test_planted_segments_are_found_and_no_others(report, trace_ids, truth, kind, plant):
    found = report.frame.filter(kind=kind).to_dicts()
    parts = [overlap(report, trace_ids, row, truth["plants"][plant]["trace_ids"]) for row in found]
    assert all(purity > 0.75 for purity, _ in parts)
    assert sum(recall for _, recall in parts) > 0.5


def test_the_intent_whose_answers_get_worse_slowly_is_found(report, trace_ids, by_intent, truth):
    found = report.frame.filter(kind="worse", metric="negative_feedback_rate")
    assert found.height == 1
    row = found.row(0, named=True)
    planted = truth["plants"]["slowly_worse_answers"]
    weekly = planted["negative_feedback_rate_by_week"]
    assert row["negative_feedback_rate_current"] == pytest.approx(weekly[2], abs=0.1)
    assert row["negative_feedback_rate_baseline"] == pytest.approx(weekly[0], abs=0.1)
    purity, recall = overlap(report, trace_ids, row, by_intent["returns"])
    assert purity > 0.6
    assert recall > 0.6


def test_slang_is_told_as_style_and_is_no_segment(report, trace_ids, truth):
    style = report.signals.filter(name="style").row(0, named=True)
    assert style["flagged"]
    assert {"u", "n", "ya", "lowkey", "kinda"} & set(style["words"])
    for row in report.frame.filter(kind="emerging").iter_rows(named=True):
        purity, _ = overlap(report, trace_ids, row, truth["plants"]["slang"]["trace_ids"])
        assert purity < 0.5


def test_the_user_who_pastes_one_query_is_a_burst_and_no_trend(report, trace_ids, truth):
    planted = truth["plants"]["pasted_query"]["trace_ids"]
    bursts = report.frame.filter(kind="burst").to_dicts()
    pasted = [b for b in bursts if overlap(report, trace_ids, b, planted)[1] > 0.9]
    assert [b["burst_users"] for b in pasted] == [1]
    for row in report.frame.filter(~report.frame["kind"].is_in(["burst"])).iter_rows(named=True):
        assert overlap(report, trace_ids, row, planted)[1] < 0.1
