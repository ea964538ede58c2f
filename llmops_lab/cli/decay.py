"""`llmops-lab decay`: which rates have risen since a pinned baseline."""

from typing import Annotated, Any

import typer

from llmops_lab.cli._command import command
from llmops_lab.cli._options import By, Format, Sources, keys_of, traces_of


@command("decay", example="export.jsonl --by model --baseline-days 7", keeps="decay")
def decay(
    sources: Sources,
    by: By = None,
    baseline_days: Annotated[
        int, typer.Option(help="Days from the first on that stay the baseline.")
    ] = 14,
    format: Format = None,
) -> Any:
    """Which rates rise slowly: failures, bad feedback, guardrails, slow or expensive queries."""
    from llmops_lab.decay import detect_decay

    traces = traces_of(sources, format)
    return detect_decay(traces, by=keys_of(by), baseline_days=baseline_days)
