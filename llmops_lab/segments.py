"""Segments: what people ask for, found in one window of traffic and named in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab._display import Table
from llmops_lab._scan.landmarks import map_and_groups
from llmops_lab._scan.words import examples, topic_words
from llmops_lab.embeddings import Embeddings

_NAME_TERMS = 3


@dataclass(frozen=True)
class Segments:
    """One row of `frame` per segment, largest first: segment, name, words, n, n_users, share,
    exemplars, then error_rate, negative_feedback_rate, cost_usd (mean), duration_s (median).

    `membership` (n,) is each embedded trace's segment, −1 for none; `positions` (n, 2) its
    place on a map. Both are in the order of `embeddings.frame`.
    """

    frame: pl.DataFrame
    membership: NDArray[np.int64]
    positions: NDArray[np.float32]
    embeddings: Embeddings

    def __len__(self) -> int:
        return self.frame.height

    def rows(self, segment: int) -> pl.DataFrame:
        """The trace rows of one segment; −1 gives those of none."""
        return self.embeddings.frame.filter(self.membership == segment)

    def _table(self) -> Table:
        outside = float((self.membership < 0).mean()) if len(self.membership) else 0.0
        columns = ("segment", "queries", "share", "users", "failed", "cost", "for example")
        return Table(
            f"{len(self)} segments of {len(self.embeddings):,} queries",
            f"{outside:.0%} of the queries belong to none; embedded by {self.embeddings.embedder}",
            columns if len(self) else (),
            [_line(row) for row in self.frame.iter_rows(named=True)],
            () if len(self) else ("Too few queries, or too scattered, for a segment.",),
        )

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()


def segment(embeddings: Embeddings, *, seed: int = 0) -> Segments:
    """The segments of one window: UMAP and HDBSCAN on at most 10,000 landmarks, named in words.

    The same embeddings and seed give the same segments, whatever the order of the rows.
    """
    positions, groups = map_and_groups(embeddings.matrix, seed=seed)
    membership = _by_size(groups)
    frame = _described(embeddings, membership)
    return Segments(frame, membership, positions, embeddings)


def _by_size(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups renumbered from 0, the largest first; −1 stays."""
    names, counts = np.unique(groups[groups >= 0], return_counts=True)
    rank = {int(name): i for i, name in enumerate(names[np.argsort(-counts, kind="stable")])}
    return np.array([rank.get(int(g), -1) for g in groups], dtype=np.int64)


def _described(embeddings: Embeddings, membership: NDArray[np.int64]) -> pl.DataFrame:
    n_segments = int(membership.max(initial=-1)) + 1
    groups = [membership == s for s in range(n_segments)]
    texts = embeddings.frame["text"].to_list()
    terms = topic_words(texts, groups)
    told = pl.DataFrame(
        {
            "segment": list(range(n_segments)),
            "name": [segment_name(found) for found in terms],
            "words": terms,
            "exemplars": [
                examples(embeddings.matrix, texts, np.flatnonzero(group)) for group in groups
            ],
        },
        schema={
            "segment": pl.Int64,
            "name": pl.String,
            "words": pl.List(pl.String),
            "exemplars": pl.List(pl.String),
        },
    )
    measured = _measured(embeddings.frame.with_columns(segment=pl.Series(membership)))
    return told.join(measured, on="segment", how="left").select(
        "segment", "name", "words", "n", "n_users", "share", "exemplars", *_RATES
    )


_RATES = ("error_rate", "negative_feedback_rate", "cost_usd", "duration_s")


def _measured(rows: pl.DataFrame) -> pl.DataFrame:
    return (
        rows.filter(pl.col("segment") >= 0)
        .group_by("segment")
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("user_id").drop_nulls().n_unique().cast(pl.Int64).alias("n_users"),
            (pl.len() / max(1, rows.height)).alias("share"),
            (pl.col("status") == "error").mean().alias("error_rate"),
            pl.col("negative_feedback").mean().alias("negative_feedback_rate"),
            pl.col("cost_usd").mean(),
            pl.col("duration_s").median(),
        )
    )


def segment_name(words: list[str]) -> str:
    """A name in plain words: the terms that stand out most."""
    return " · ".join(words[:_NAME_TERMS]) or "no words in common"


def _line(row: dict[str, Any]) -> list[str]:
    return [
        str(row["name"]),
        f"{row['n']:,}",
        f"{row['share']:.1%}",
        f"{row['n_users']:,}",
        _shown(row["error_rate"], ".1%"),
        _shown(row["cost_usd"], ".4f"),
        shortened((row["exemplars"] or [""])[0]),
    ]


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def shortened(text: str, most: int = 60) -> str:
    """The text on one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
