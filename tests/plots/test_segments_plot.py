"""The chart of segments, by its specification."""

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


def test_two_segments_of_one_name_are_two_bars():
    bars, _ = plot(segments_of(2)).to_dict()["vconcat"]
    names = [row["name"] for row in bars["data"]["values"]]
    assert names == ["1. where is <b>it</b>", "2. where is <b>it</b>"]


def test_the_map_holds_places_and_names_but_no_query():
    _, places = plot(segments_of(4)).to_dict()["vconcat"]
    points = places["layer"][0].get("data", places.get("data"))["values"]
    assert len(points) == N
    assert {tuple(sorted(point)) for point in points} == {("name", "x", "y")}


def test_vega_draws_it():
    assert vl_convert.vegalite_to_svg(plot(segments_of(3)).to_dict()).startswith("<svg")


def test_no_segment_is_said_in_words():
    with pytest.raises(LabError, match="too few queries"):
        plot(segments_of(0))
