"""Do the golden cases ask what people ask? Which live segments have no case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._cases.case import shorten
from llmops_lab._display import Shown, Table
from llmops_lab._embedded.vectors import AnyEmbedder, vectors
from llmops_lab._scan.landmarks import Matrix
from llmops_lab.embedders._embedder import embedders
from llmops_lab.errors import LabError
from llmops_lab.golden import Case, GoldenSet
from llmops_lab.segments import Segments

_MOST_NAMED = 5


@dataclass(frozen=True, repr=False)
class Coverage(Shown):
    """One row of `frame` per segment, largest first: segment, id, name, n, share, n_cases (run
    by an eval), n_to_review (quarantined), cases (ids), nearest_case and its likeness (cosine,
    0 … 1) to what people asked.

    `outside` are ids of cases that lie in no segment: nobody in these traces asked them.
    """

    frame: pl.DataFrame
    outside: tuple[str, ...]
    n_queries: int

    @property
    def gaps(self) -> pl.DataFrame:
        """The segments without a case that an eval runs."""
        return self.frame.filter(n_cases=0)

    @property
    def says(self) -> str:
        """What is missing, in a sentence."""
        gaps = self.gaps
        if not gaps.height:
            return f"each of {quantities.counted(self.frame.height, 'segment')} has a case"
        share = quantities.percent(float(gaps["share"].sum()))
        names = gaps["name"].head(_MOST_NAMED).to_list()
        rest = gaps.height - len(names)
        more = f" and {rest} more" if rest else ""
        have = "has" if gaps.height == 1 else "have"
        return (
            f"{gaps.height} of {quantities.counted(self.frame.height, 'segment')}, {share} of"
            f" traffic, {have} no case: {'; '.join(names)}{more}"
        )

    def _table(self) -> Table:
        columns = ("segment", "share", "cases", "to review", "nearest case", "likeness")
        rows = [_line(row) for row in self.frame.iter_rows(named=True)]
        outside = quantities.counted(len(self.outside), "case")
        notes = [f"{outside} in no segment (.outside): not asked here, or in other words"]
        first = self.gaps["segment"].head(1).to_list()
        next_step = [f"next: lab.propose_cases(segments, {number}, golden)" for number in first]
        title = f"Golden cases against {self.n_queries:,} queries"
        return Table(title, self.says, columns, rows, [*notes, *next_step])


def _line(row: Mapping[str, Any]) -> list[str]:
    return [
        shorten(row["name"], 40),
        quantities.percent(row["share"]),
        str(row["n_cases"] or "none"),
        str(row["n_to_review"] or ""),
        row["nearest_case"] or "",
        f"{row['likeness']:.2f}" if row["likeness"] is not None else "",
    ]


def find_gaps(
    golden: GoldenSet, segments: Segments, *, embedder: AnyEmbedder | None = None
) -> Coverage:
    """Which segments of live traffic have golden cases, and which have none.

    A case belongs to a segment as a query would (see `assign`). Cases worded unlike live queries
    fall outside (54 of 150 of the sample data), so a gap can be a matter of wording: look at
    `nearest_case` before you write a new one. Archived cases do not
    count. `embedder` is the function that the segments were embedded with, where it is not a
    part of `embedders/`. Raises LabError when it is needed, and for segments without landmarks.
    """
    cases = [case for case in golden if case.status != "archived"]
    matrix = _embedded(cases, segments, embedder)
    assigned, _ = segments.known.assigned(matrix)
    likeness, nearest = _nearest(matrix, segments)
    frame = segments.frame.select("segment", "id", "name", "n", "share")
    inside = [[cases[int(i)] for i in np.flatnonzero(assigned == s)] for s in range(len(segments))]
    counts = {
        "n_cases": [sum(case.status == "active" for case in found) for found in inside],
        "n_to_review": [sum(case.status != "active" for case in found) for found in inside],
    }
    found = frame.with_columns(
        *(pl.Series(name, values, pl.Int64) for name, values in counts.items()),
        pl.Series("cases", [[c.id for c in some] for some in inside], pl.List(pl.String)),
        pl.Series("nearest_case", [cases[i].id if i >= 0 else None for i in nearest], pl.String),
        pl.Series("likeness", likeness, pl.Float64),
    )
    outside = tuple(cases[int(i)].id for i in np.flatnonzero(assigned < 0))
    return Coverage(
        found.sort("share", descending=True, maintain_order=True), outside, len(segments.membership)
    )


def _embedded(cases: list[Case], segments: Segments, embedder: AnyEmbedder | None) -> Matrix:
    name, width = segments.embeddings.embedder, segments.known.vectors.shape[1]
    if embedder is None and name not in embedders:
        raise LabError(
            f"the segments were embedded by {name!r}, which is no part of embedders/;"
            " give its function as embedder="
        )
    part = embedders[name] if embedder is None else embedder
    matrix = vectors(part, [_question(case) for case in cases], None)
    if len(cases) and matrix.shape[1] != width:
        raise LabError(
            f"the segments have vectors of {width} numbers, this embedder gives {matrix.shape[1]}"
        )
    return matrix if len(cases) else np.zeros((0, width), dtype=np.float32)


def _question(case: Case) -> str:
    """What the case asks: of a conversation the last user turn, as in traces."""
    if isinstance(case.input, list):
        turns = [turn for turn in case.input if isinstance(turn, dict)]
        asked = [turn["content"] for turn in turns if turn.get("role") == "user"]
        if asked and isinstance(asked[-1], str):
            return asked[-1]
    return case.text


def _nearest(matrix: Matrix, segments: Segments) -> tuple[list[float | None], list[int]]:
    """For each segment, the likeness and number of the case nearest to one of its landmarks."""
    if not len(matrix):
        return [None] * len(segments), [-1] * len(segments)
    known = segments.known
    alike = matrix @ known.vectors.T
    best = [alike[:, known.segment == s].max(axis=1) for s in range(len(segments))]
    return [float(one.max()) for one in best], [int(one.argmax()) for one in best]
