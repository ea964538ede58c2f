"""Segments on a map: who asks what, and the traces behind it."""

from typing import Any

from llmops_lab import _quantities as quantities
from llmops_lab.segments import Segments
from llmops_lab.widgets._map_explorer import Group, MapData, MapExplorer
from llmops_lab.widgets._registry import explorers

_COLUMNS = (("Segment", False), ("Queries", True), ("Share", True), ("Users", True))


@explorers.register("Segments")
def explore_segments(segments: Segments) -> MapExplorer:
    """A map of the queries with a lasso, the segments, and the traces of what is chosen.

    `.selected` holds the trace rows of what is chosen, for code to go on with.
    """
    frame = segments.embeddings.frame
    outside = int((segments.membership < 0).sum())
    return MapExplorer(
        MapData(
            positions=segments.positions,
            membership=segments.membership,
            groups=[_group(row) for row in segments.frame.iter_rows(named=True)],
            columns=_COLUMNS,
            title=f"{len(segments)} segments of {len(frame):,} queries",
            subtitle=f"{outside:,} belong to none; near means alike",
            texts=frame,
        )
    )


def _group(row: dict[str, Any]) -> Group:
    return Group(
        title=row["name"],
        cells=(
            row["name"],
            f"{row['n']:,}",
            quantities.percent(row["share"]),
            f"{row['n_users']:,}",
        ),
        facts=(
            ("failed", quantities.percent(row["error_rate"])),
            ("negative feedback", quantities.percent(row["negative_feedback_rate"])),
            ("cost, mean", quantities.dollars(row["cost_usd_mean"])),
            ("time, median", quantities.seconds(row["duration_s_p50"])),
            ("time, 95 % below", quantities.seconds(row["duration_s_p95"])),
        ),
        words=row["words"],
        exemplars=row["exemplars"],
        code=f"segments.rows({row['segment']})",
    )
