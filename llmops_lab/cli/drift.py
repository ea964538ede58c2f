"""`llmops-lab drift`: what changed between two windows of traces."""

from typing import TYPE_CHECKING, Any

from llmops_lab.cli._command import Outcome, command
from llmops_lab.cli._options import Format, Sources, Split, Window, Windows

if TYPE_CHECKING:
    import polars as pl


@command(
    "drift",
    example="export.jsonl --baseline 2026-03-02/2026-03-09 --current 2026-03-16/2026-03-23",
    keeps="report",
)
def drift(
    sources: Sources,
    split: Split = None,
    baseline: Window = None,
    current: Window = None,
    format: Format = None,
) -> Any:
    """Which query segments emerged, vanished, grew, shrank or got worse."""
    from llmops_lab.drift import detect_drift

    windows = Windows(sources, format, split, baseline, current)
    report = detect_drift(*windows.read())
    return Outcome(report, next=_cases(report.frame, windows))


def _cases(segments: "pl.DataFrame", windows: Windows) -> str:
    """How the first segment that got worse, or else is new, becomes test cases."""
    found = segments.filter(segments["kind"].is_in(["worse", "emerging"]))
    found = found.sort("kind", descending=True, maintain_order=True)
    if found.is_empty():
        return ""
    number = found["segment"][0]
    return f"test cases: llmops-lab cases {number} golden.jsonl {windows.words} --add"
