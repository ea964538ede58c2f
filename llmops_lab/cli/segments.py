"""`llmops-lab segments`: what people ask for, kept from week to week."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Format, Sources, show


@commands.register("segments")
def segments(
    sources: Sources,
    known: Annotated[
        Path | None, typer.Option(help="Segments of an earlier window: ids and names go on.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the segments here (Parquet).")] = None,
    embedder: Annotated[str | None, typer.Option(help="Part of embedders/.")] = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """What people ask for: named segments with size, users, failures, cost and latency."""
    from llmops_lab.embeddings import embed
    from llmops_lab.ingest import read_traces
    from llmops_lab.segments import Segments, segment

    traces = read_traces(sources, format=format)
    before = None if known is None else Segments.load(known)
    if before is not None and embedder is None:
        found = segment(before.embedded(traces), known=before)
    else:
        found = segment(embed(traces, embedder=embedder), known=before)
    if out is not None:
        found.save(out)
    show(found, found.frame, as_json=as_json)
