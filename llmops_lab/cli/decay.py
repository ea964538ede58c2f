"""`llmops-lab decay`: which rates have risen since a pinned baseline."""

from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Format, Sources, show


@commands.register("decay")
def decay(
    sources: Sources,
    by: Annotated[list[str] | None, typer.Option(help="Column to group by; repeatable.")] = None,
    baseline_days: Annotated[
        int, typer.Option(help="Days from the first on that stay the baseline.")
    ] = 14,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Which rates rise slowly: failures, bad feedback, guardrail hits, slow or dear queries."""
    from llmops_lab.decay import detect_decay
    from llmops_lab.ingest import read_traces

    traces = read_traces(sources, format=format)
    report = detect_decay(traces, by=tuple(by or ()), baseline_days=baseline_days)
    show(report, report.frame, as_json=as_json)
