"""`llmops-lab cases`: test cases of the traces that stand for a segment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmops_lab.cli._command import Outcome, Variable, command
from llmops_lab.cli._options import (
    TRACES,
    Format,
    Split,
    Window,
    Windows,
    golden_of,
    to_review,
    traces_of,
)

if TYPE_CHECKING:
    from llmops_lab.drift import DriftReport
    from llmops_lab.segments import Segments


@command(
    "cases", example="2 golden.jsonl --of export.jsonl --split 2026-03-16 --add", keeps="proposed"
)
def cases(  # noqa: PLR0913 — the options of a command are its parameters
    *,
    segment: Annotated[str, typer.Argument(help="Number, id or name of the segment.")],
    golden: Annotated[Path, typer.Argument(help="Golden set, JSONL."), Variable()],
    of: Annotated[list[str], typer.Option(help=f"{TRACES} Repeatable."), Variable("report")],
    split: Split = None,
    baseline: Window = None,
    current: Window = None,
    n: Annotated[int, typer.Option(help="How many at most.")] = 10,
    add: Annotated[
        bool, typer.Option("--add", help="Add them to the golden set, quarantined.")
    ] = False,
    format: Format = None,
) -> Any:
    """Propose test cases from a segment, those that failed first; they wait for review.

    Segments are those that `drift` names between two windows, else those of `segments`.
    """
    from llmops_lab.golden import GoldenSet
    from llmops_lab.remedies import propose_cases

    found = _found(Windows(of, format, split, baseline, current))
    there = golden_of(golden, new=add)
    proposed = propose_cases(found, segment, there, n=n)
    if add:
        there.add(proposed)
    then = to_review(golden, proposed) if add else "the same with --add puts them there"
    return Outcome(proposed, frame=GoldenSet(proposed.cases).frame, next=then)


def _found(windows: Windows) -> "DriftReport | Segments":
    """What a variable holds, or is found in the traces."""
    from llmops_lab.drift import DriftReport, detect_drift
    from llmops_lab.embeddings import embed
    from llmops_lab.segments import Segments, segment

    held = windows.sources[0]
    if isinstance(held, (DriftReport, Segments)):
        return held
    if windows.is_cut or len(windows.sources) == 2:
        return detect_drift(*windows.read())
    return segment(embed(traces_of(windows.sources, windows.format)))
