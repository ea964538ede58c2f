"""Segments in a file: all comes back, and what is no such file is refused."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from llmops_lab._segments.known import known_of
from llmops_lab._segments.store import Stored, read_segments, write_segments
from llmops_lab.errors import FormatError, LabError


@pytest.fixture
def stored():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(60, 4)).astype(np.float32)
    known = known_of(matrix, np.arange(60) % 3 - 1, rng.normal(size=(60, 2)).astype(np.float32))
    frame = pl.DataFrame({"segment": [0, 1], "id": ["a", "b"], "name": ["<b>x</b>", "é · ü"]})
    return Stored(frame, known, "wordllama", 4, 60, 20)


def test_all_of_it_comes_back(stored, tmp_path):
    write_segments(tmp_path / "week.parquet", stored)
    again = read_segments(tmp_path / "week.parquet")
    assert again.frame.equals(stored.frame)
    assert (again.embedder, again.dimension, again.n_queries, again.n_outside) == (
        "wordllama",
        4,
        60,
        20,
    )
    for name in ("vectors", "spots", "segment", "limits"):
        assert (getattr(again.known, name) == getattr(stored.known, name)).all()


def test_no_segments_are_a_file_too(stored, tmp_path):
    matrix = np.zeros((0, 4), dtype=np.float32)
    nothing = known_of(matrix, np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.float32))
    write_segments(tmp_path / "no.parquet", replace(stored, frame=stored.frame[:0], known=nothing))
    again = read_segments(tmp_path / "no.parquet")
    assert again.known.vectors.shape == (0, 4)
    assert again.frame.height == 0


def test_what_is_no_such_file_is_refused(stored, tmp_path):
    with pytest.raises(LabError, match="no segments"):
        read_segments(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(FormatError, match="no file of segments"):
        read_segments(tmp_path / "text.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(FormatError, match="but not one that"):
        read_segments(tmp_path / "other.parquet")


def test_a_file_of_a_later_release_says_so(stored, tmp_path):
    write_segments(tmp_path / "week.parquet", stored)
    told = pl.read_parquet_metadata(tmp_path / "week.parquet")
    frame = pl.read_parquet(tmp_path / "week.parquet")
    frame.write_parquet(tmp_path / "later.parquet", metadata={**told, "version": "2"})
    with pytest.raises(FormatError, match="update llmops_lab"):
        read_segments(tmp_path / "later.parquet")
