"""Drift: changes planted in real queries are found, and nothing is found where none is."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from llmops_lab.drift import detect_drift
from llmops_lab.embeddings import embed
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces
from tests._planted import DAYS, START, Planter, intents, traces_of

NEW, GONE, WORSE = "report_fraud", "application_status", "text"
PASTED = "Traceback most recent call last in module foo bar"
N = 1500


@pytest.fixture(scope="module")
def queries(shared):
    return intents(shared)


@pytest.fixture(scope="module")
def planted(queries):
    planter = Planter(queries, seed=5)
    then = planter.rows(N, 0, {NEW: 0.0, GONE: 0.03, WORSE: 0.05})
    now = planter.rows(N, 1, {NEW: 0.03, GONE: 0.0, WORSE: 0.05})
    for row in now:
        if row["intent"] == WORSE and planter.rng.random() < 0.6:
            row["status"] = "error"
    pasted = {
        **now[0],
        "input_text": PASTED,
        "user_id": "paster",
        "status": "ok",
        "intent": "pasted",
    }
    return then, now + [pasted] * 40


@pytest.fixture(scope="module")
def report(planted):
    then, now = planted
    return detect_drift(traces_of(then, "b"), traces_of(now, "c"))


@pytest.fixture(scope="module")
def truth(planted):
    """The intent of each row of the report, found again by its text."""
    return {row["input_text"]: row["intent"] for rows in planted for row in rows}


def _only(report, kind):
    found = report.frame.filter(kind=kind)
    assert found.height == 1, report.frame.select("kind", "name")
    return found.row(0, named=True)


def _intent(truth, row):
    return Counter(truth[text] for text in row["exemplars"]).most_common(1)[0][0]


def test_a_planted_new_intent_is_reported_as_emerging_with_its_day(report, truth):
    row = _only(report, "emerging")
    assert _intent(truth, row) == NEW
    assert row["share_current"] > 4 * row["share_baseline"]
    assert row["share_change_low"] < row["share_change"] < row["share_change_high"]
    assert row["share_change_low"] > 0
    assert abs(row["since"] - (START + timedelta(days=DAYS))) < timedelta(days=2)
    assert row["users_current"] > 20


def test_a_planted_lost_intent_is_reported_as_vanished(report, truth):
    row = _only(report, "vanished")
    assert _intent(truth, row) == GONE
    assert row["share_change_high"] < 0


def test_answers_that_got_worse_are_reported_where_they_did(report, truth):
    row = _only(report, "worse")
    assert _intent(truth, row) == WORSE
    assert row["metric"] == "error_rate"
    assert row["error_rate_current"] > row["error_rate_baseline"] + 0.2


def test_a_user_who_pastes_one_query_is_a_burst_and_no_trend(report):
    row = _only(report, "burst")
    assert PASTED in row["exemplars"]
    assert row["burst_users"] == 1
    assert report.bursts["burst_by"].to_list() == [row["burst_by"]]
    assert row["burst_by"][0] in str(report)
    assert row["p_adjusted"] > 0.05
    assert not any(PASTED in found for found in report.frame.filter(kind="emerging")["exemplars"])


def test_the_counts_of_a_segment_are_those_of_its_rows(report):
    for row in report.frame.iter_rows(named=True):
        rows = report.membership == row["segment"]
        assert (rows & report.is_current).sum() == row["n_current"]
        assert (rows & ~report.is_current).sum() == row["n_baseline"]
        assert row["share_current"] == pytest.approx(rows[report.is_current].mean())


def test_the_traces_of_a_segment_are_those_it_counts(report, truth):
    row = _only(report, "emerging")
    rows = report.rows(row["segment"])
    assert rows["is_current"].sum() == row["n_current"]
    assert (~rows["is_current"]).sum() == row["n_baseline"]
    assert Counter(truth[text] for text in rows["input_text"]).most_common(1)[0][0] == NEW


def test_a_report_that_kept_no_traces_says_so(report):
    with pytest.raises(LabError, match="keeps no traces"):
        replace(report, embeddings=None).rows(0)


def test_the_note_says_what_changed_for_whom_how_sure_and_what_next(report):
    text = str(report)
    assert "1 new, 1 gone, 1 worse" in text
    assert "users now" in text
    assert "p = 0.0" in text
    assert "next: " in text
    assert "1 burst by few users, no trend: " in text


def test_the_order_of_the_rows_does_not_matter(planted, report):
    then, now = planted
    again = detect_drift(traces_of(then[::-1], "b"), traces_of(now[::-1], "c"))
    shown = ("kind", "name", "n_baseline", "n_current", "p_adjusted")
    assert again.frame.select(shown).equals(report.frame.select(shown))


def test_two_windows_alike_give_an_empty_report_that_says_what_it_could_have_seen(queries):
    planter = Planter(queries, seed=1)
    report = detect_drift(*(traces_of(planter.rows(800, w, {}), "bc"[w]) for w in (0, 1)))
    assert not report.found
    assert "No drift found" in str(report)
    assert "Looked for" in str(report)
    assert 0.005 < report.smallest_new < 0.06
    assert "2 % hardly at any size" in str(replace(report, smallest_growth=None))
    blind = replace(report, smallest_new=None, smallest_growth=None)
    assert "no change of a share can be seen: take longer windows" in str(blind)


def test_one_user_in_a_window_is_too_few_to_test_and_the_report_says_so(queries):
    planter = Planter(queries, seed=1, n_users=1)
    rows = [planter.rows(300, 0, {}), planter.rows(300, 1, {"weather": 0.1})]
    text = str(detect_drift(*(traces_of(some, "bc"[w]) for w, some in enumerate(rows))))
    assert text.startswith("Too few users to find drift")
    assert 'unit="trace_id" takes each query for itself' in text
    assert "1 users" not in text


def test_slang_is_a_shift_of_style_and_of_no_segment(queries):
    planter = Planter(queries, seed=2)
    then, now = planter.rows(800, 0, {}), planter.rows(800, 1, {})
    for row in now:
        if planter.rng.random() < 0.4:
            words = row["input_text"].replace("you", "u").replace("please", "pls").split()
            row["input_text"] = " ".join(["yo", *words, "lol"])
    report = detect_drift(traces_of(then, "b"), traces_of(now, "c"))
    style = report.signals.filter(name="style").row(0, named=True)
    assert style["flagged"]
    assert "lol" in style["words"]
    assert "Style, not topic" in str(report)


def test_failures_that_rise_everywhere_alike_single_out_no_segment(queries):
    planter = Planter(queries, seed=3)
    then, now = planter.rows(1200, 0, {}), planter.rows(1200, 1, {})
    for row in now:
        if planter.rng.random() < 0.25:
            row["status"] = "error"
    report = detect_drift(traces_of(then, "b"), traces_of(now, "c"))
    assert report.frame.filter(kind="worse").is_empty()


def test_where_everything_fails_now_no_segment_is_singled_out(queries):
    planter = Planter(queries, seed=4)
    then, now = planter.rows(700, 0, {}), planter.rows(700, 1, {})
    for i, row in enumerate(then):
        row["status"] = "error" if i < 3 else "ok"
    broken = traces_of([{**row, "status": "error"} for row in now], "c")
    report = detect_drift(traces_of(then, "b"), broken)
    assert report.frame.filter(kind="worse").is_empty()
    assert "failures changed" in str(report)


def test_failures_of_every_query_then_and_now_stand_in_the_report(queries):
    planter = Planter(queries, seed=7)
    windows = [
        traces_of([{**row, "status": "error"} for row in planter.rows(60, i, {})], f"w{i}")
        for i in (0, 1)
    ]
    line = next(x for x in str(detect_drift(*windows)).splitlines() if "failures" in x)
    assert line.split() == [
        *("failures", "100", "%", "100", "%", "0.0", "points", "(0.0", "to", "0.0)"),
        *("no", "change", "seen"),
    ]


def test_trace_text_is_escaped_in_html(queries):
    planter = Planter(queries, seed=4)
    then, now = planter.rows(300, 0, {}), planter.rows(300, 1, {})
    for row in now[:60]:
        row["input_text"] = "<img src=x onerror=alert(1)> breaks my page"
    shown = detect_drift(traces_of(then, "b"), traces_of(now, "c"))._repr_html_()
    assert "&lt;img" in shown
    assert "<img" not in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b, c: (b, c.take(np.arange(5))), "current has 5 texts"),
        (lambda b, _: (b, b), "in both windows"),
    ],
)
def test_windows_that_cannot_be_compared_say_why(planted, change, message):
    windows = (embed(traces_of(rows[:200], "bc"[i])) for i, rows in enumerate(planted))
    with pytest.raises(LabError, match=message):
        detect_drift(*change(*windows))


def test_windows_without_texts_are_asked_where_those_are():
    spans = pl.DataFrame({"span_id": ["a"], "duration_s": [1.0]})
    with pytest.raises(LabError, match=r"0 texts .* are the texts in `input_text`\?"):
        detect_drift(Traces.from_frame(spans), Traces.from_frame(spans))


def test_what_was_counted_and_what_tells_the_windows_apart_is_said(queries):
    planter = Planter(queries, seed=9)
    windows = [
        traces_of([{**row, "prompt_version": f"v{i}"} for row in planter.rows(60, i, {})], f"w{i}")
        for i in (0, 1)
    ]
    found = detect_drift(*windows, unit="trace_id")
    assert found.units == ("query",)
    assert found.windows["only"].to_list() == ["prompt version v0", "prompt version v1"]
    assert "60 queries (prompt version v1, " in str(found)
    assert "user" not in str(found)


def test_an_unknown_unit_lists_the_columns(planted):
    windows = (traces_of(rows[:200], "bc"[i]) for i, rows in enumerate(planted))
    with pytest.raises(LabError, match="user_id"):
        detect_drift(*windows, unit="account")


def test_the_parts_of_every_metrics_change_sum_to_it(report):
    parts = report.decomposition.group_by("metric").agg(pl.col("mix").sum() + pl.col("rate").sum())
    overall = report.quality.filter(pl.col("segment").is_null()).join(parts, on="metric")
    assert {"error_rate", "duration_s"} <= set(overall["metric"])
    for row in overall.iter_rows(named=True):
        assert row["mix"] == pytest.approx(row["change"])
        assert row["change_low"] < row["change"] < row["change_high"]


def test_each_segment_has_its_metrics_then_and_now_with_interval_and_p_value(report):
    worse = _only(report, "worse")
    row = report.quality.filter(segment=worse["segment"], metric="error_rate").row(0, named=True)
    assert row["current"] == pytest.approx(worse["error_rate_current"])
    assert 0 < row["change_low"] < row["change"] < row["change_high"]
    assert row["p_value"] <= 0.01
    calm = report.quality.filter(segment=worse["segment"], metric="duration_s").row(0, named=True)
    assert calm["p_adjusted"] > 0.05


def test_the_answers_of_a_new_segment_are_held_against_all_that_were_given_before(report):
    new = _only(report, "emerging")
    row = report.quality.filter(segment=new["segment"], metric="error_rate").row(0, named=True)
    everybody = report.embeddings.frame.filter(pl.Series(~report.is_current))["status"] == "error"
    assert row["against"] == "all queries"
    assert row["baseline"] == pytest.approx(everybody.mean())
    assert row["current"] == pytest.approx(new["error_rate_current"])
    assert row["change_low"] < row["change"] < row["change_high"]
    assert row["p_value"] is None


def tenants(queries, seed):
    """Two tenants who each ask for their own half of the intents; one grows from 30 to 60 %."""
    rng = np.random.default_rng(seed)
    names = sorted(queries)[:40]
    windows = []
    for window, share in ((0, 0.3), (1, 0.6)):
        rows = []
        for i in range(600):
            tenant = int(rng.random() < share)
            intent = names[rng.integers(0, 20) + 20 * tenant]
            text = str(rng.choice(queries[intent]))
            who = f"{window}-{tenant}-{i // 2}"
            rows.append({"input_text": text, "user_id": who, "environment": "ab"[tenant]})
        windows.append(traces_of(rows, "bc"[window]))
    return windows


def test_more_traffic_of_one_tenant_is_no_change_of_what_it_asks(queries):
    windows = tenants(queries, 5)
    assert detect_drift(*windows).frame.height > 0
    assert detect_drift(*windows, strata="environment").frame.is_empty()


def test_strata_that_are_not_there_list_what_is(planted):
    windows = (traces_of(rows[:200], "bc"[i]) for i, rows in enumerate(planted))
    with pytest.raises(LabError, match=r"no column 'tenant' to make strata of.*hour_of_week"):
        detect_drift(*windows, strata="tenant")


def test_exploring_shows_no_less_and_says_so(planted, report):
    then, now = planted
    explored = detect_drift(traces_of(then, "b"), traces_of(now, "c"), exploratory=True)
    changed = ["emerging", "vanished", "grown", "shrunk"]
    assert explored.frame["kind"].is_in(changed).sum() >= report.frame["kind"].is_in(changed).sum()
    assert "Exploratory: of the segments named about 5 % may be chance" in str(explored)
    assert "Exploratory" not in str(report)


def test_models_that_became_less_sure_of_their_answers_are_told_by_log_probabilities(queries):
    planter = Planter(queries, seed=6)
    windows = []
    for window, each in ((0, -0.5), (1, -0.8)):
        rows = planter.rows(300, window, {})
        for row in rows:
            row |= {"kind": "llm", "request_model": "m", "n_logprobs": 40}
            row["output_logprob"] = 40 * each * float(planter.rng.uniform(0.8, 1.2))
        windows.append(traces_of(rows, "bc"[window]))
    report = detect_drift(*windows)
    signal = report.signals.filter(name="answer_perplexity").row(0, named=True)
    assert signal["flagged"]
    assert signal["low"] < np.exp(0.3) < signal["high"]
    assert "Models are less sure of their answers" in str(report)
