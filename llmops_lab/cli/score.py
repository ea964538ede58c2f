"""`llmops-lab score`: score what was answered in production, and keep the scores."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab._runs.named import named_object
from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Format, Sources, show


@commands.register("score")
def score_traces(
    sources: Sources,
    scorer: Annotated[
        list[str] | None,
        typer.Option(help="Scorer that expects nothing, or package.module:function; repeatable."),
    ] = None,
    sample: Annotated[float | None, typer.Option(help="How many traces, or what share.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write traces and scores here, masked, as Parquet files.")
    ] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Score the answers of traces: refusals, personal data, injections, groundedness …"""
    from llmops_lab.ingest import read_traces
    from llmops_lab.production import REFERENCE_FREE, score
    from llmops_lab.summary import summarize

    scorers = [named_object(name) if ":" in name else name for name in scorer or REFERENCE_FREE]
    traces = score(read_traces(sources, format=format), scorers, sample=sample)
    if out is not None:
        traces.write_parquet(out)
    summary = summarize(traces)
    show(summary, summary.frame, as_json=as_json)
