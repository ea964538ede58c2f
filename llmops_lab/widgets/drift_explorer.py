"""A drift report on a map: what emerged, grew, vanished or got worse, before and now."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._drift.note import KIND_WORDS, compared_line, headline, how_sure, makers
from llmops_lab._drift.trust import sureness
from llmops_lab.drift import DriftReport
from llmops_lab.embeddings import Embeddings, embed_alike
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces
from llmops_lab.widgets._map_explorer import Group, MapData, MapExplorer
from llmops_lab.widgets._registry import explorers

_COLUMNS = (("Segment", False), ("Kind", False), ("Before → now", True), ("p", True))
_METRICS = {
    "error_rate": "failed",
    "negative_feedback_rate": "negative feedback",
    "guardrail_rate": "guardrail hits",
    "cost_usd": "cost, mean",
    "duration_s": "time, median",
}


@explorers.register("DriftReport")
def explore_drift(
    report: DriftReport,
    *,
    baseline: Traces | Embeddings | None = None,
    current: Traces | Embeddings | None = None,
) -> MapExplorer:
    """A map of both windows, the changes found, and what each one is made of.

    The map of the first two axes is there at once; UMAP's takes its place when it is made, in
    another process. The texts behind every point can be read, and `.selected` holds their trace
    rows; a report that keeps no traces needs the windows it was made from for that.
    Raises LabError when those are not the ones the report was made from.
    """
    known = _known(report, baseline, current)
    return MapExplorer(
        MapData(
            positions=report.positions,
            membership=report.membership,
            groups=[_group(row) for row in report.frame.iter_rows(named=True)],
            columns=_COLUMNS,
            title=headline(report),
            subtitle=compared_line(report),
            is_current=report.is_current,
            texts=None if known is None else known.frame,
            matrix=None if known is None else known.matrix,
            notes=sureness(report),
        )
    )


def _known(
    report: DriftReport,
    baseline: Traces | Embeddings | None,
    current: Traces | Embeddings | None,
) -> Embeddings | None:
    """The rows of both windows and their vectors, if they are known."""
    if baseline is None or current is None:
        return report.embeddings
    before, now = embed_alike(baseline, current)
    n_now = int(report.is_current.sum())
    n_before = len(report.is_current) - n_now
    if (len(before), len(now)) != (n_before, n_now):
        raise LabError(
            f"the report compares {n_before:,} texts with {n_now:,}, these windows have"
            f" {len(before):,} and {len(now):,}; give those it was made from"
        )
    frame = pl.concat([before.frame, now.frame], how="diagonal_relaxed")
    return Embeddings(np.vstack([before.matrix, now.matrix]), frame, before.embedder, "")


def _group(row: dict[str, Any]) -> Group:
    burst = row["kind"] == "burst"
    return Group(
        title=row["name"],
        cells=(
            row["name"],
            KIND_WORDS[row["kind"]],
            _then_and_now("share", row),
            "–" if burst else f"{row['p_adjusted']:.3f}",
        ),
        facts=tuple(_facts(row)),
        words=row["words"],
        exemplars=row["exemplars"],
        code=f"report.frame.filter(segment={row['segment']})",
    )


def _facts(row: dict[str, Any]) -> Iterable[tuple[str, str]]:
    low, high = (quantities.points(row[f"share_change_{end}"]) for end in ("low", "high"))
    yield "change of share", f"{low} to {high} points"
    yield "queries", f"{row['n_baseline']:,} → {row['n_current']:,}"
    yield "users", f"{row['users_baseline']:,} → {row['users_current']:,}"
    for name, label in (_METRICS | _checks(row)).items():
        if row.get(f"{name}_baseline") is not None or row.get(f"{name}_current") is not None:
            yield label, _then_and_now(name, row)
    if row["kind"] == "burst":
        yield "made by", makers(row)
    else:
        yield "how sure", how_sure(row)


def _checks(row: dict[str, Any]) -> dict[str, str]:
    """The metrics that scorers add to a report, and how they are called."""
    names = [name.removesuffix("_current") for name in row if name.endswith("_fail_rate_current")]
    return {name: f"failed {name.removesuffix('_fail_rate')}" for name in names}


def _then_and_now(name: str, row: dict[str, Any]) -> str:
    known = {"cost_usd": quantities.dollars, "duration_s": quantities.seconds}
    write = known.get(name, quantities.percent)
    return f"{write(row.get(f'{name}_baseline'))} → {write(row.get(f'{name}_current'))}"
