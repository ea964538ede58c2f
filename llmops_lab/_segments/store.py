"""Segments as one Parquet file: a row per segment, what belongs to all in its metadata.

Columns are those of `Segments.frame`, then `limit` (cosine distance), `landmarks` (list of unit
vectors, float32) and `spots` (their places on the map). Metadata: `format` ("llmops_lab.segments"),
`version` (1), `embedder`, `dimension`, `n_queries`, `n_outside`. Names, words and exemplars are
in it, so it is as private as the traces; no other text is.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._segments.known import Known
from llmops_lab.errors import FormatError, LabError

_FORMAT = "llmops_lab.segments"
_VERSION = "1"
_OWN = ("limit", "landmarks", "spots")
_KEYS = {"embedder", "dimension", "n_queries", "n_outside"}


@dataclass(frozen=True)
class Stored:
    """What a file of segments holds."""

    frame: pl.DataFrame
    known: Known
    embedder: str
    dimension: int
    n_queries: int
    n_outside: int


def write_segments(path: Path, stored: Stored) -> None:
    """Write the file, so that a reader sees the old one or the new one."""
    known = stored.known
    owned = [known.segment == s for s in range(stored.frame.height)]
    vectors, points = pl.List(pl.List(pl.Float32)), pl.List(pl.List(pl.Float32))
    frame = stored.frame.with_columns(
        pl.Series("limit", known.limits.tolist(), pl.Float32),
        pl.Series("landmarks", [known.vectors[own].tolist() for own in owned], vectors),
        pl.Series("spots", [known.spots[own].tolist() for own in owned], points),
    )
    told = {name: str(getattr(stored, name)) for name in _KEYS}
    file = io.BytesIO()
    frame.write_parquet(file, metadata={"format": _FORMAT, "version": _VERSION, **told})
    with locked(path):
        write_atomically(path, file.getvalue())


def read_segments(path: Path) -> Stored:
    """The segments in the file.

    Raises LabError when there is no such file and FormatError when it holds something else.
    """
    if not path.is_file():
        raise LabError(f"no segments {path}; write some with segments.save({str(path)!r})")
    try:
        told = pl.read_parquet_metadata(path)
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise FormatError(f"{path} is no file of segments: {error}") from error
    if told.get("format") != _FORMAT or not told.keys() >= _KEYS:
        raise FormatError(f"{path} is a Parquet file, but not one that segments.save wrote")
    if told.get("version") != _VERSION:
        raise FormatError(
            f"{path} is written in version {told.get('version')}, this release reads"
            f" {_VERSION}: update llmops_lab"
        )
    dimension = int(told["dimension"])
    return Stored(
        frame.drop(_OWN),
        _known(frame, dimension),
        told["embedder"],
        dimension,
        int(told["n_queries"]),
        int(told["n_outside"]),
    )


def _known(frame: pl.DataFrame, dimension: int) -> Known:
    counts = frame["landmarks"].list.len().to_numpy()
    vectors = np.array(frame["landmarks"].explode().drop_nulls().to_list(), dtype=np.float32)
    spots = np.array(frame["spots"].explode().drop_nulls().to_list(), dtype=np.float32)
    return Known(
        vectors.reshape(-1, dimension),
        spots.reshape(-1, 2),
        np.repeat(np.arange(frame.height), counts),
        frame["limit"].to_numpy().astype(np.float32),
    )
