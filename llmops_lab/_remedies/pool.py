"""The traces of one segment, whether it was found in one window or between two."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from llmops_lab._scan.landmarks import Matrix, nearest, vote
from llmops_lab._scan.units import Bools, Ints
from llmops_lab._segments.described import segment_id
from llmops_lab._spans.checks import check_names, has_failed
from llmops_lab._spans.rows import RATES
from llmops_lab.drift import DriftReport
from llmops_lab.embeddings import Embeddings
from llmops_lab.errors import LabError
from llmops_lab.segments import Segments

_FAILURES = {
    "error": RATES["error_rate"],
    "disliked": RATES["negative_feedback_rate"],
    "guardrail": RATES["guardrail_rate"],
}
_LIKED = 0.75
_NEIGHBOURS = 10


@dataclass(frozen=True)
class Pool:
    """`rows` of a segment's traces with `text` and `failed_by` (list of error, disliked,
    guardrail, and the checks that failed), and their vectors. `embeddings` and `membership` are
    of all traces, the segment's and others.
    """

    rows: pl.DataFrame
    matrix: Matrix
    number: int
    id: str
    name: str
    embeddings: Embeddings
    membership: Ints

    def holds(self, matrix: Matrix) -> Bools:
        """Which of these vectors lie in the segment, by their ten nearest traces."""
        near = min(_NEIGHBOURS, len(self.embeddings))
        index, distance = nearest(matrix, self.embeddings.matrix, k=near)
        weight = (1 / (distance + 1e-3)).astype(np.float32)
        return vote(self.membership[index], weight) == self.number

    @property
    def has_outcomes(self) -> bool:
        """Whether anything says of any trace that it failed or did not."""
        told = self.rows.select(expr.alias(name) for name, expr in _failures(self.rows).items())
        return any(told[name].count() for name in told.columns)

    @property
    def liked(self) -> Bools:
        """Traces whose answer a person found good and nothing speaks against."""
        if "feedback" not in self.rows.columns:
            return np.zeros(self.rows.height, dtype=np.bool_)
        good = (pl.col("feedback") >= _LIKED) & (pl.col("failed_by").list.len() == 0)
        said = pl.col("output_text").str.len_chars() > 0
        return self.rows.select((good & said).fill_null(False)).to_series().to_numpy()


def pool(found: Segments | DriftReport, segment: int | str) -> Pool:
    """The traces of a segment, by its number, id or name; of a report, those of the current
    window (of the baseline for a segment that vanished).

    Raises LabError for a segment that is not there, or when the traces are not at hand.
    """
    number = _number(found.frame, segment)
    embeddings = found.embeddings
    if embeddings is None or not len(embeddings):
        raise LabError("the traces of these segments are not at hand; assign(embed(traces), them)")
    members = found.membership == number
    row = found.frame.row(number, named=True)
    shown = members
    if isinstance(found, DriftReport):
        shown = members & (found.is_current ^ (row["kind"] == "vanished"))
    return Pool(
        rows=embeddings.frame.filter(shown).with_columns(_failed_by(embeddings.frame)),
        matrix=embeddings.matrix[shown],
        number=number,
        id=row.get("id") or _id(embeddings, members),
        name=row["name"],
        embeddings=embeddings,
        membership=found.membership,
    )


def _id(embeddings: Embeddings, members: Bools) -> str:
    return segment_id(embeddings.frame["text"].to_list(), members, embeddings.embedder)


def _number(frame: pl.DataFrame, segment: int | str) -> int:
    for column in ("segment", "id", "name"):
        if column in frame.columns:
            places = frame.with_row_index().filter(pl.col(column).cast(pl.String) == str(segment))[
                "index"
            ]
            if len(places) == 1:
                return int(places[0])
    names = ", ".join(f"{row['segment']} ({row['name']})" for row in frame.to_dicts()[:12])
    raise LabError(f"no segment {segment!r}; there are: {names or 'none'}")


def _failures(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    """What may speak against a trace, by name: true, false, or null where it was not observed."""
    there = {
        name: failed
        for name, failed in _FAILURES.items()
        if set(failed.meta.root_names()) <= set(frame.columns)
    }
    return there | {f"{name} failed": has_failed(name) for name in check_names(frame)}


def _failed_by(frame: pl.DataFrame) -> pl.Expr:
    """Why each trace counts as failed; empty when nothing speaks against it."""
    reasons = [
        pl.when(failed.fill_null(False)).then(pl.lit(name))
        for name, failed in _failures(frame).items()
    ]
    listed = pl.concat_list(*reasons, pl.lit(None, pl.String)).list.drop_nulls()
    return listed.alias("failed_by")
