"""`llmops-lab import`: another tool's results as a run that can be compared and gated."""

from pathlib import Path
from typing import Annotated, Any

import typer

from llmops_lab.cli._command import command


@command("import", example="promptfoo.json --out run.jsonl", keeps="run")
def import_results(
    results: Annotated[Path, typer.Argument(help="Results of promptfoo, inspect_ai, DeepEval …")],
    out: Annotated[Path | None, typer.Option(help="Write the run here, JSONL.")] = None,
    format: Annotated[str | None, typer.Option(help="Told by the content unless given.")] = None,
    target: Annotated[str | None, typer.Option(help="One of several targets.")] = None,
) -> Any:
    """Read another tool's results into a run, to compare or gate it."""
    from llmops_lab.foreign_runs import import_run

    run = import_run(results, format=format, target=target)
    if out is not None:
        run.save(out)
    return run
