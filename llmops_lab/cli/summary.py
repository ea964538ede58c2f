"""`llmops-lab summary`: percentiles, tokens, cost and rates per group."""

from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Format, Sources, show


@commands.register("summary")
def summary(
    sources: Sources,
    by: Annotated[list[str] | None, typer.Option(help="Column to group by; repeatable.")] = None,
    every: Annotated[str | None, typer.Option(help="Time bucket: 1h, 1d, 1w.")] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Latency and TTFT percentiles, tokens, cost, error, guardrail and feedback rates."""
    from llmops_lab.ingest import read_traces
    from llmops_lab.summary import summarize

    result = summarize(read_traces(sources, format=format), by=tuple(by or ()), every=every)
    show(result, result.frame, as_json=as_json)
