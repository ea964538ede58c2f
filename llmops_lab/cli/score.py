"""`llmops-lab score`: score what was answered in production, and keep the scores."""

from pathlib import Path
from typing import Annotated, Any

import typer

from llmops_lab.cli._command import Outcome, command
from llmops_lab.cli._options import (
    By,
    Concurrency,
    Format,
    Scorers,
    Sources,
    keys_of,
    scorers_of,
    traces_of,
)


@command("score", example="export.jsonl --scorer refusal --scorer pii --sample 500", keeps="traces")
def score_traces(  # noqa: PLR0913 — the options of a command are its parameters
    *,
    sources: Sources,
    scorer: Scorers = None,
    sample: Annotated[float | None, typer.Option(help="How many traces, or what share.")] = None,
    by: By = None,
    out: Annotated[
        Path | None, typer.Option(help="Write traces and scores here, masked, as Parquet files.")
    ] = None,
    concurrency: Concurrency = 8,
    format: Format = None,
) -> Any:
    """Score the answers of traces: refusals, personal data, injections, groundedness …

    Scorers are those that expect nothing: every one that asks no model, unless named.
    """
    from llmops_lab.production import REFERENCE_FREE, score
    from llmops_lab.summary import summarize

    scorers = scorers_of(scorer) or REFERENCE_FREE
    traces = score(traces_of(sources, format), scorers, sample=sample, concurrency=concurrency)
    if out is not None:
        traces.write_parquet(out)
    return Outcome(summarize(traces, by=keys_of(by)), kept=traces)
