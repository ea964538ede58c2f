"""`llmops-lab load`: what an export holds, and what of it could not be read."""

from typing import Annotated, Any

import typer

from llmops_lab.cli._command import Outcome, Variable, command
from llmops_lab.cli._options import TRACES, Format, traces_of


@command("load", example="export.jsonl", keeps="traces")
def load(
    sources: Annotated[list[str], typer.Argument(help=TRACES), Variable(is_needed=False)],
    format: Format = None,
) -> Any:
    """Read an export of any tool: its traces, period, models, and what was rejected."""
    traces = traces_of(sources, format)
    return Outcome(traces, frame=traces.rows)
