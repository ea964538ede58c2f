"""Charts of a summary, by their specification."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import vl_convert

from llmops_lab.errors import LabError
from llmops_lab.plots import plot
from llmops_lab.summary import summarize
from llmops_lab.traces import Traces


def traces(n=1920, n_models=2):
    chance = np.random.default_rng(2)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [str(i) for i in range(n)]
    frame = pl.DataFrame(
        {
            "span_id": ids,
            "kind": "llm",
            "start_time": [start + timedelta(hours=i % 96) for i in range(n)],
            "duration_s": chance.lognormal(0, 1, n),
            "request_model": [f"m{i % n_models}" for i in range(n)],
            "status": chance.choice(["ok", "error"], n, p=[0.9, 0.1]),
        }
    )
    return Traces.from_frame(frame)


def panels(summary, **options):
    """Title → panel of a chart."""
    drawn = plot(summary, **options).to_dict()
    return {panel["title"]["text"]: panel for panel in drawn["concat"]}


def values(panel):
    return (panel["layer"][0].get("data") or panel["data"])["values"]


@pytest.fixture(scope="module")
def daily():
    return summarize(traces(), by="model", every="1d")


def test_only_what_is_known_gets_a_panel(daily):
    drawn = panels(daily)
    assert [*drawn] == [
        "Duration p50",
        "Duration p95",
        "Duration p99",
        "Errors",
        "Number of traces",
    ]


def test_a_panel_carries_the_values_of_the_summary_and_no_more(daily):
    rows = values(panels(daily)["Duration p95"])
    assert [r["value"] for r in rows] == daily.frame["duration_s_p95"].to_list()
    assert [r["high"] for r in rows] == daily.frame["duration_s_p95_high"].to_list()
    assert len(rows) == 8


def test_tooltips_say_values_with_units_and_intervals(daily):
    row = values(panels(daily)["Duration p50"])[0]
    assert row["text"].endswith(("ms", " s"))
    assert "–" in row["interval"]
    assert row["count"] == "240"


def test_a_percentile_without_an_upper_bound_has_a_hollow_dot(daily):
    assert {row["bounded"] for row in values(panels(daily)["Duration p99"])} == {False}
    assert {row["bounded"] for row in values(panels(daily)["Number of traces"])} == {True}


def test_times_are_shown_in_utc(daily):
    panel = panels(daily)["Errors"]
    assert values(panel)[0]["time"] == "2026-01-01T00:00:00Z"
    assert panel["layer"][0]["encoding"]["x"]["scale"]["type"] == "utc"


def test_without_time_there_is_a_dot_per_group_and_no_legend():
    drawn = panels(summarize(traces(), by="model"), show="duration")
    layer = drawn["Duration p50"]["layer"][1]
    assert layer["mark"]["type"] == "point"
    assert layer["encoding"]["color"]["legend"] is None


def test_of_many_groups_the_seven_biggest_are_drawn_and_the_title_says_so():
    summary = summarize(traces(n_models=30), by="model")
    chart = plot(summary).to_dict()
    assert len(values(chart["concat"][0])) == 7
    assert "the 7 biggest of 30 groups" in chart["title"]["subtitle"]


def test_more_points_than_can_be_seen_are_refused():
    with pytest.raises(LabError, match="too many to see; summarize with a longer every"):
        plot(summarize(minutes(2100), every="1m"))


def minutes(n):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Traces.from_frame(
        pl.DataFrame(
            {
                "span_id": [str(i) for i in range(n)],
                "start_time": [start + timedelta(minutes=i) for i in range(n)],
            }
        )
    )


def test_what_is_not_known_or_not_a_panel_says_so(daily):
    with pytest.raises(LabError, match="nothing is known of first token"):
        plot(daily, show="first token")
    with pytest.raises(LabError, match="cannot show 'latency'; it shows: duration, first token"):
        plot(daily, show=["latency"])


def test_a_group_whose_name_is_markup_stays_text(daily):
    frame = traces().spans.with_columns(request_model=pl.lit("<img src=x onerror=alert(1)>"))
    summary = summarize(Traces.from_frame(frame), by="model")
    assert values(panels(summary)["Errors"])[0]["group"] == "<img src=x onerror=alert(1)>"


def test_a_chart_draws_offline_in_both_themes(daily):
    for background in ("#ffffff", "#111111"):
        image = vl_convert.vegalite_to_png(plot(daily).to_dict(), config={"background": background})
        assert image.startswith(b"\x89PNG")
        assert len(image) > 20_000
