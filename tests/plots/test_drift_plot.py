"""The chart of a drift report, by its specification."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import vl_convert

from llmops_lab.drift import DriftReport
from llmops_lab.plots import plot

N = 4000


def report_of(*found):
    frame = pl.DataFrame(
        [
            {
                "segment": i,
                "kind": kind,
                "name": "kettle · recall",
                "exemplars": ["<b>is it\nsafe?</b> " + "x" * 200],
                "users_baseline": 3,
                "users_current": 40,
                "share_baseline": 0.01,
                "share_current": 0.06,
                "share_change": 0.05,
                "share_change_low": 0.03,
                "share_change_high": 0.07,
            }
            for i, kind in enumerate(found)
        ],
        schema_overrides={"segment": pl.Int64},
    )
    random = np.random.default_rng(0)
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    windows = pl.DataFrame(
        {"window": ["baseline", "current"], "start": [moment] * 2, "end": [moment] * 2}
    ).with_columns(n=N // 2, n_users=50)
    return DriftReport(
        frame=frame,
        signals=pl.DataFrame(schema={"flagged": pl.Boolean, "name": pl.String}),
        windows=windows,
        membership=np.where(np.arange(N) % 10 == 0, 0, -1),
        positions=random.normal(size=(N, 2)).astype(np.float32),
        is_current=np.arange(N) >= N // 2,
        alpha=0.05,
        smallest_new=0.01,
        smallest_growth=0.04,
    )


def rows_in(spec):
    if isinstance(spec, list):
        return [row for item in spec for row in rows_in(item)]
    if not isinstance(spec, dict):
        return []
    here = spec.get("data", {}).get("values", [])
    return [
        *here,
        *(row for key in ("layer", "hconcat", "vconcat") for row in rows_in(spec.get(key))),
    ]


def test_each_segment_is_a_line_with_its_shares_and_its_interval():
    rows = [row for row in rows_in(plot(report_of("emerging", "worse")).to_dict()) if "low" in row]
    assert {row["name"] for row in rows} == {"1. kettle · recall", "2. kettle · recall"}
    first = rows[0]
    assert (first["baseline"], first["current"], first["low"], first["high"]) == (
        0.01,
        0.06,
        0.03,
        0.07,
    )
    assert first["shares"] == "1.0 % → 6.0 %"


def test_the_rate_that_got_worse_stands_beside_the_shares_where_it_is_known():
    report = report_of("emerging", "worse")
    answered = report.frame.with_columns(
        metric=pl.Series([None, "negative_feedback_rate"]),
        negative_feedback_rate_baseline=pl.Series([None, 0.11]),
        negative_feedback_rate_current=pl.Series([0.3, 0.54]),
        error_rate_baseline=pl.Series([0.0, 0.0]),
        error_rate_current=pl.Series([0.9, 0.0]),
    )
    shares, _ = plot(replace(report, frame=answered)).to_dict()["vconcat"]
    *_, panel = shares["hconcat"]
    rows = rows_in(panel)
    assert [(row["answered_then"], row["answered_now"]) for row in rows][:2] == [
        (None, 0.3),
        (0.11, 0.54),
    ]
    assert rows[1]["quality"] == "11.0 % → 54.0 %"
    assert panel["layer"][1]["encoding"]["x"]["title"] == "negative feedback in it"
    # The line between both dots leaves the first segment out, and it must stay first.
    for layer in panel["layer"]:
        assert layer["encoding"]["y"]["scale"]["domain"] == [row["name"] for row in rows[:2]]


def test_a_report_that_knows_no_rate_has_no_panel_for_it():
    shares, _ = plot(report_of("emerging")).to_dict()["vconcat"]
    assert len(shares["hconcat"]) == 2


def test_the_map_is_a_sample_of_places_without_any_text():
    points = [row for row in rows_in(plot(report_of("emerging")).to_dict()) if "window" in row]
    assert len(points) == 3000
    assert set(points[0]) == {"window", "x", "y", "kind"}
    assert {point["kind"] for point in points} == {None, "new"}


def test_an_example_is_one_short_line():
    row = next(row for row in rows_in(plot(report_of("worse")).to_dict()) if "example" in row)
    assert len(row["example"]) == 80
    assert "\n" not in row["example"]


def test_vega_draws_it():
    svg = vl_convert.vegalite_to_svg(plot(report_of("emerging", "burst")).to_dict())
    assert svg.startswith("<svg")


def test_a_report_without_segments_draws_the_map_and_says_that_nothing_was_found():
    chart = plot(report_of("burst")).to_dict()
    assert chart["title"]["text"] == "No drift found"
    assert {row.get("kind") for row in rows_in(chart)} == {None}


def with_answers(report, **measured):
    """The report with the change of negative feedback in its first segments."""
    rows = [
        {"segment": i, "metric": "negative_feedback_rate", "against": against, "change": change}
        | {"change_low": change - 0.1, "change_high": change + 0.1}
        for i, (against, change) in enumerate(measured.values())
    ]
    answered = report.frame.with_columns(
        metric=pl.lit("negative_feedback_rate"),
        negative_feedback_rate_baseline=pl.lit(0.11),
        negative_feedback_rate_current=pl.lit(0.54),
    )
    return replace(report, frame=answered, quality=pl.DataFrame(rows).with_columns(p_adjusted=1.0))


def test_what_grew_stands_against_how_its_answers_changed_with_intervals_both_ways():
    report = with_answers(
        report_of("worse", "emerging", "vanished"), a=("itself", 0.43), b=("all queries", 0.2)
    )
    panel = plot(report).to_dict()["vconcat"][1]
    rows = {row["name"][:2]: row for row in rows_in(panel) if "worse" in row}
    assert (rows["1."]["change"], rows["1."]["low"], rows["1."]["high"]) == (0.05, 0.03, 0.07)
    assert rows["1."]["worse"] == 0.43
    assert rows["1."]["told"] == "+43.0 (+33.0 to +53.0)"
    assert rows["2."]["told"].endswith("against all queries then")
    assert rows["3."]["worse"] is None
    low, high = panel["layer"][4]["encoding"]["y"]["scale"]["domain"]
    assert low < 0
    assert high > 0.53
    assert vl_convert.vegalite_to_svg(plot(report).to_dict()).startswith("<svg")


def _boxes(panel):
    """Left, right, bottom and top of every label and of its mark, in pixels of the frame."""
    width, height = panel["width"], panel["height"]
    (left, right), (low, high) = (
        panel["layer"][-1]["encoding"][axis]["scale"]["domain"] for axis in "xy"
    )
    for row in {row["name"]: row for row in rows_in(panel) if "label_at" in row}.values():
        x = (row["change"] - left) / (right - left) * width
        y, mark = ((row[at] - low) / (high - low) * height for at in ("label_at", "worse"))
        start = x + 10 if row["side"] == "right" else x - 10 - 5 * len(row["label"])
        yield (start, start + 5 * len(row["label"]), y - 6, y + 6), (x, mark)


@pytest.mark.parametrize("apart", [0.001, 0.03])
def test_labels_of_segments_that_lie_together_cover_nothing_and_stay_by_their_mark(apart):
    n = 5 if apart < 0.01 else 10
    found = {str(i): ("itself", 0.4 + i * apart) for i in range(n)}
    panel = plot(with_answers(report_of(*["grown"] * n), **found)).to_dict()["vconcat"][1]
    boxes = list(_boxes(panel))
    assert len(boxes) == n
    for i, ((left, right, low, high), (_, y)) in enumerate(boxes):
        assert 0 <= left < right <= panel["width"]
        assert 0 <= low < high <= panel["height"]
        assert abs((low + high) / 2 - y) < 30
        for (other_left, other_right, other_low, other_high), _ in boxes[i + 1 :]:
            across = left < other_right and other_left < right
            assert not (across and low < other_high and other_low < high)


def test_a_report_that_knows_no_answers_has_no_such_panel():
    assert len(plot(report_of("emerging")).to_dict()["vconcat"]) == 2
