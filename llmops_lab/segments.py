"""Segments: what people ask for, found in one window, named in words, found again in the next."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab import _quantities as quantities
from llmops_lab._display import Shown, Table
from llmops_lab._scan.landmarks import map_and_groups
from llmops_lab._segments.described import described, with_measures
from llmops_lab._segments.groups import grouped, usual_number
from llmops_lab._segments.history import SCHEMA, fates, told
from llmops_lab._segments.known import Known, known_of
from llmops_lab._segments.measures import measured
from llmops_lab._segments.store import Stored, read_segments, write_segments
from llmops_lab._segments.table import names_line, segment_table, shortened
from llmops_lab.embeddings import CARRIED, Embeddings, embed
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

__all__ = ["Segments", "assign", "segment", "shortened"]

# Set aside of new queries of known intents: see `_segments.known`.
_WITHOUT_CHANGE = "10 to 20 %"
_EVERY = r"[1-9]\d*(s|m|h|d|w|mo|q|y)"


@dataclass(frozen=True, repr=False)
class Segments(Shown):
    """One row of `frame` per segment, largest first: segment, id, name, words, n, n_users, share,
    exemplars, group, group_name, then sums of cost_usd, input_tokens and output_tokens,
    cost_usd_mean, duration_s_p50 and _p95, and error_rate, guardrail_rate and
    negative_feedback_rate, each with _low and _high (95 %, users as units).

    `membership` (n,) is each embedded trace's segment, −1 for none; `positions` (n, 2) its
    place on a map. Both are in the order of `embeddings.frame`. `landmarks` is what `assign`
    and `save` need. `changes` says what became of the segments of another week, if there is one:
    fate (continued, split, merged, appeared, disappeared), id, name, other, and size, cost,
    latency and failure rate before and now. `assigned` tells segments found elsewhere from
    segments found in these rows.
    """

    frame: pl.DataFrame
    membership: NDArray[np.int64]
    positions: NDArray[np.float32]
    embeddings: Embeddings
    landmarks: Known | None = None
    changes: pl.DataFrame | None = None
    assigned: bool = False

    def __len__(self) -> int:
        return self.frame.height

    def rows(self, segment: int) -> pl.DataFrame:
        """The trace rows of one segment; −1 gives those of none."""
        return self.embeddings.frame.filter(self.membership == segment)

    def level(self, n_groups: int) -> "Segments":
        """The same queries in at most `n_groups` larger segments (Ward's tree over centres)."""
        group_of = grouped(self.known.centres(), n_groups)
        groups = np.append(group_of, -1)[self.membership]
        return _segments(self.embeddings, _by_size(groups), self.positions)

    def embedded(self, traces: Traces) -> Embeddings:
        """Other traces, embedded as these segments were, ready for `assign` or `segment`.

        Raises LabError when that was with a function, or with vectors that these lack.
        """
        name = self.embeddings.embedder
        if name.startswith(f"{CARRIED}:"):
            return embed(traces, embedder=CARRIED)
        return embed(traces, embedder=name)

    def over_time(self, every: str = "1w") -> pl.DataFrame:
        """Size, share, cost, latency and rates of each segment per time bucket (UTC).

        One row per segment and bucket in which it has queries; −1 are queries of none.
        Raises LabError for an `every` that is no length of time, such as "1d" or "1w".
        """
        if not pl.Series([every]).str.contains(f"^{_EVERY}$")[0]:
            raise LabError(f"every={every!r} is no length of time; write one like '1h' or '1w'")
        start = pl.col("start_time").dt.truncate(every)
        rows = self.embeddings.frame.with_columns(
            pl.Series("segment", self.membership, pl.Int64), time=start
        )
        found = measured(rows, ["segment", "time"])
        share = pl.col("n") / pl.col("n").sum().over("time")
        names = self.frame.select("segment", "id", "name")
        placed = found.with_columns(share.alias("share")).join(names, on="segment", how="left")
        first = ["time", "segment", "id", "name", "n", "share"]
        return placed.select(*first, pl.exclude(first)).sort("segment", "time")

    def save(self, path: str | Path) -> Path:
        """Write names, words, measures and landmarks (not the traces) to a Parquet file.

        Exemplars and names are in it. The format is described in `llmops_lab._segments.store`.
        """
        file = Path(path)
        dimension = int(self.known.vectors.shape[1])
        outside = int((self.membership < 0).sum())
        stored = Stored(
            self.frame,
            self.known,
            self.embeddings.embedder,
            dimension,
            len(self.membership),
            outside,
        )
        write_segments(file, stored)
        return file

    @classmethod
    def load(cls, path: str | Path) -> "Segments":
        """The segments that `save` wrote, without the queries they were found in.

        Give them to `assign` or to `segment(..., known=...)`. Raises LabError when there is no
        such file, FormatError when it holds something else.
        """
        stored = read_segments(Path(path))
        nothing = np.zeros((0, stored.dimension), dtype=np.float32)
        rows = pl.DataFrame(schema={"text": pl.String})
        return cls(
            stored.frame,
            np.zeros(0, dtype=np.int64),
            np.zeros((0, 2), dtype=np.float32),
            Embeddings(nothing, rows, stored.embedder, ""),
            stored.known,
        )

    @property
    def known(self) -> Known:
        """What the segments are known by in other traces; LabError when nothing was kept."""
        if self.landmarks is None:
            raise LabError("these segments keep no landmarks; make them with segment(embeddings)")
        return self.landmarks

    def _table(self) -> Table:
        n = len(self.membership)
        if n:
            outside = quantities.percent(float((self.membership < 0).mean()))
            title = f"{len(self)} segments of {n:,} queries"
        else:
            earlier = f"{len(self)} segments, found earlier"
            outside, title = "", earlier if len(self) else "No query to find segments in"
        days, by = self._days(), f"embedded by {self.embeddings.embedder}"
        by = f"{by}; {days}" if days else by
        if self.assigned:
            where = f"{outside} of the queries are new to all segments"
            said = f"{where} ({_WITHOUT_CHANGE} would be so without any change); {by}"
            return segment_table(self.frame, title, said, names_line(self.frame))
        said = f"{outside} of the queries belong to none; {by}" if outside else by
        few = "Too few queries, or too scattered, for a segment."
        notes = () if len(self) else (few if n else "No trace has a text of three words or more.",)
        notes = (*notes, *self._said_of_changes(), *names_line(self.frame))
        return segment_table(self.frame, title, said, notes)

    def _days(self) -> str:
        """The days of the queries, where they have times."""
        rows = self.embeddings.frame
        if "start_time" not in rows.columns:
            return ""
        times = rows.select(start=pl.col("start_time").min(), end=pl.col("start_time").max())
        return quantities.days(*times.row(0))

    def _said_of_changes(self) -> list[str]:
        """What became of last week's segments, in a few lines."""
        if self.changes is None:
            return []
        lines: list[str] = []
        for fate, says in _FATES.items():
            rows = self.changes.filter(fate=fate)
            if rows.height:
                named = [_changed(row) for row in rows.head(6).iter_rows(named=True)]
                more = ["…"] if rows.height > 6 else []
                names = "" if fate == "continued" else f": {'; '.join([*named, *more])}"
                lines.append(f"{rows.height} {says}{names}")
        return lines


_FATES = {
    "continued": "go on from before",
    "appeared": "appeared",
    "split": "split off",
    "merged": "merged into another",
    "disappeared": "disappeared",
}


def _changed(row: dict[str, str | None]) -> str:
    to = {"split": " from ", "merged": " into "}.get(str(row["fate"]), "")
    return f"{row['name']}{to}{row['other'] or ''}"


def segment(embeddings: Embeddings, *, known: Segments | None = None, seed: int = 0) -> Segments:
    """The segments of one window: UMAP and HDBSCAN on at most 10,000 landmarks, named in words.

    The same embeddings and seed give the same segments, whatever the order of the rows. With
    `known`, the segments of an earlier window, those that go on keep their id and name, and
    `changes` says what became of each. Raises LabError when `known` is embedded differently.
    """
    if known is not None:
        _check(embeddings, known)
    positions, groups = map_and_groups(embeddings.matrix, seed=seed)
    found = _segments(embeddings, _by_size(groups), positions)
    return found if known is None else _continued(found, known)


def assign(embeddings: Embeddings, segments: Segments) -> Segments:
    """The same segments, found again in other traces: ids and names stay, measures are new.

    A query belongs to the segment whose five nearest landmarks are nearest on average, and to
    none (−1, new to all segments) when they are farther away than nine in ten of the segment's
    own members are. So 10 to 20 % are new without any change; far more is news.
    Raises LabError for embeddings of another embedder or dimension.
    """
    _check(embeddings, segments)
    known = segments.known
    membership, positions = known.assigned(embeddings.matrix)
    names = ["segment", "id", "name", "words", "exemplars", "group", "group_name"]
    frame = with_measures(segments.frame.select(names), embeddings.frame, membership)
    return Segments(frame, membership, positions, embeddings, known, assigned=True)


def _check(embeddings: Embeddings, segments: Segments) -> None:
    known = segments.known
    there = segments.embeddings.embedder
    if embeddings.embedder != there:
        raise LabError(
            f"the segments were embedded by {there!r}, these texts by {embeddings.embedder!r};"
            f" embed them with embedder={there!r}"
        )
    if len(embeddings) and embeddings.matrix.shape[1] != known.vectors.shape[1]:
        raise LabError(
            f"the segments have vectors of {known.vectors.shape[1]} numbers, these texts of"
            f" {embeddings.matrix.shape[1]}: it is another model under the same name"
        )


def _segments(
    embeddings: Embeddings, membership: NDArray[np.int64], positions: NDArray[np.float32]
) -> Segments:
    known = known_of(embeddings.matrix, membership, positions)
    n = len(known.limits)
    group_of = grouped(known.centres(), usual_number(n)) if n else np.zeros(0, dtype=np.int64)
    frame = described(
        embeddings.frame, embeddings.matrix, membership, group_of, embeddings.embedder
    )
    return Segments(frame, membership, positions, embeddings, known)


def _continued(found: Segments, before: Segments) -> Segments:
    """The segments found, with ids and names of those that go on, and the fate of each."""
    assigned, _ = before.known.assigned(found.embeddings.matrix)
    became = fates(found.membership, assigned, len(found), len(before))
    old = before.frame.to_dicts()
    new = found.frame.to_dicts()
    for fate in became:
        if fate.fate == "continued" and fate.new is not None and fate.old is not None:
            kept = {name: old[fate.old][name] for name in ("id", "name")}
            new[fate.new].update(kept)
    ids, names = ([row[column] for row in new] for column in ("id", "name"))
    frame = found.frame.with_columns(
        pl.Series("id", ids, pl.String), pl.Series("name", names, pl.String)
    )
    rows = [
        told(
            fate,
            None if fate.new is None else new[fate.new],
            None if fate.old is None else old[fate.old],
        )
        for fate in became
    ]
    return replace(found, frame=frame, changes=pl.DataFrame(rows, schema=SCHEMA))


def _by_size(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups renumbered from 0, the largest first; −1 stays."""
    names, counts = np.unique(groups[groups >= 0], return_counts=True)
    rank = {int(name): i for i, name in enumerate(names[np.argsort(-counts, kind="stable")])}
    return np.array([rank.get(int(g), -1) for g in groups], dtype=np.int64)
