"""`llmops-lab drift`: what changed between two windows of traces."""

from typing import Any

from llmops_lab.cli._command import command
from llmops_lab.cli._options import Format, Sources, Split, Window, Windows


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

    return detect_drift(*Windows(sources, format, split, baseline, current).read())
