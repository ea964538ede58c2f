"""`llmops-lab cost`: why a trace costs more, or less, than it did."""

from typing import Any

from llmops_lab.cli._command import command
from llmops_lab.cli._options import Format, Sources, Split, Window, Windows


@command("cost", example="export.jsonl --split 2026-03-16", keeps="bill")
def cost(
    sources: Sources,
    split: Split = None,
    baseline: Window = None,
    current: Window = None,
    format: Format = None,
) -> Any:
    """Why a trace costs more or less than it did: effects that add up to the change exactly."""
    from llmops_lab.cost_change import explain_cost

    return explain_cost(*Windows(sources, format, split, baseline, current).read())
