"""`llmops-lab summary`: percentiles, tokens, cost and rates per group."""

from typing import Annotated, Any

import typer

from llmops_lab.cli._command import command
from llmops_lab.cli._options import By, Format, Sources, keys_of, traces_of


@command("summary", example="export.jsonl --by model,prompt_version --every 1d --slo 5")
def summary(
    sources: Sources,
    by: By = None,
    every: Annotated[str | None, typer.Option(help="Time bucket: 1h, 1d, 1w.")] = None,
    slo: Annotated[
        float | None, typer.Option(help="Also the share that took at most so many seconds.")
    ] = None,
    format: Format = None,
) -> Any:
    """Latency and TTFT percentiles, tokens, cost, error, guardrail and feedback rates."""
    from llmops_lab.summary import summarize

    return summarize(traces_of(sources, format), by=keys_of(by), every=every, slo_s=slo)
