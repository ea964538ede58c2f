"""`llmops-lab segments`: what people ask for, kept from week to week."""

from pathlib import Path
from typing import Annotated, Any

import typer

from llmops_lab.cli._command import Variable, command
from llmops_lab.cli._options import Format, Sources, traces_of


@command("segments", example="export.jsonl --out segments.parquet", keeps="segments")
def segments(
    sources: Sources,
    known: Annotated[
        Path | None,
        typer.Option(help="Segments of an earlier window: ids and names go on."),
        Variable(),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the segments here (Parquet).")] = None,
    embedder: Annotated[str | None, typer.Option(help="Part of embedders/.")] = None,
    format: Format = None,
) -> Any:
    """What people ask for: named segments with size, users, failures, cost and latency."""
    from llmops_lab.embeddings import embed
    from llmops_lab.segments import Segments, segment

    traces = traces_of(sources, format)
    before = known if isinstance(known, Segments) or known is None else Segments.load(known)
    if before is not None and embedder is None:
        found = segment(before.embedded(traces), known=before)
    else:
        found = segment(embed(traces, embedder=embedder), known=before)
    if out is not None:
        found.save(out)
    return found
