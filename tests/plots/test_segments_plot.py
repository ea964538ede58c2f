"""The chart of segments, by its specification."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import vl_convert

from llmops_lab.embeddings import embed
from llmops_lab.errors import LabError
from llmops_lab.plots import plot
from llmops_lab.segments import Segments
from llmops_lab.traces import Traces

N = 40


def segments_of(n_segments):
    frame = pl.DataFrame(
        [
            {
                "segment": i,
                "name": "where is <b>it</b>",
                "n": 10,
                "n_users": 7,
                "share": 0.25,
                "negative_feedback_rate": 0.1,
                "cost_usd_mean": 0.002,
            }
            for i in range(n_segments)
        ],
        schema_overrides={"segment": pl.Int64},
    )
    spans = [{"span_id": str(i), "input_text": f"where is parcel {i}"} for i in range(N)]
    embeddings = embed(
        Traces.from_frame(pl.DataFrame(spans)), embedder=lambda t: np.ones((len(t), 2))
    )
    membership = np.arange(N) % 4 if n_segments else np.full(N, -1)
    return Segments(frame, membership, np.zeros((N, 2), dtype=np.float32), embeddings)


def grouped(segments):
    frame = segments.frame.with_columns(
        group_name=pl.Series(["money", "parcels", "money", "parcels"]),
        negative_feedback_rate=pl.Series([None, 0.2, 0.1, 0.4]),
        negative_feedback_rate_low=pl.Series([None, 0.1, 0.05, 0.3]),
        negative_feedback_rate_high=pl.Series([None, 0.3, 0.2, 0.5]),
    )
    return replace(segments, frame=frame)


def panels(segments):
    shares, places = plot(segments).to_dict()["vconcat"]
    return [*shares["hconcat"], places]


def test_two_segments_of_one_name_are_two_bars():
    bars, *_ = panels(segments_of(2))
    names = [row["name"] for row in bars["data"]["values"]]
    assert names == ["1. where is <b>it</b>", "2. where is <b>it</b>"]


def test_bars_and_map_have_the_colours_of_the_groups():
    bars, _, places = panels(grouped(segments_of(4)))
    assert [row["group"] for row in bars["data"]["values"]] == ["money", "parcels"] * 2
    assert bars["encoding"]["color"]["scale"]["domain"] == ["money", "parcels"]
    points = places["layer"][0].get("data", places.get("data"))["values"]
    assert {point["group"] for point in points} == {"money", "parcels"}


def test_beside_each_share_stands_the_rate_of_bad_answers_with_its_interval():
    _, rates, _ = panels(grouped(segments_of(4)))
    rows = rates.get("data", rates["layer"][0].get("data"))["values"]
    assert [(row["rate"], row["low"], row["high"]) for row in rows][1] == (0.2, 0.1, 0.3)
    # A segment without feedback keeps its line, in the order of the bars.
    for layer in rates["layer"]:
        assert layer["encoding"]["y"]["scale"]["domain"] == [row["name"] for row in rows]


def test_without_any_feedback_there_is_no_panel_for_it():
    segments = segments_of(2)
    silent = replace(segments, frame=segments.frame.drop("negative_feedback_rate"))
    assert len(panels(silent)) == 2


def test_segments_from_a_file_are_drawn_without_a_map():
    segments = segments_of(2)
    saved = replace(segments, membership=np.zeros(0, dtype=np.int64))
    assert len(plot(saved).to_dict()["vconcat"]) == 1


def test_the_map_holds_places_and_names_but_no_query():
    *_, places = panels(segments_of(4))
    points = places["layer"][0].get("data", places.get("data"))["values"]
    assert len(points) == N
    assert {tuple(sorted(point)) for point in points} == {("group", "x", "y")}


def test_vega_draws_it():
    svg = vl_convert.vegalite_to_svg(plot(grouped(segments_of(4))).to_dict())
    assert svg.startswith("<svg")


def test_no_segment_is_said_in_words():
    with pytest.raises(LabError, match="too few queries"):
        plot(segments_of(0))
