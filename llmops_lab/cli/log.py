"""`llmops-lab log`: what was decided, and whether the log is as it was written."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli._command import command


@command("log", example="decisions.jsonl")
def log(
    path: Annotated[Path, typer.Argument(help="Decision log, JSONL.")] = Path("decisions.jsonl"),
) -> None:
    """Show a decision log and verify its chain; exit code 1 where it was tampered with."""
    from llmops_lab.decisions import DecisionLog
    from llmops_lab.errors import LabError

    if not path.is_file():
        raise LabError(f"no decision log {path}; `llmops-lab gate --log {path}` begins one")
    decisions = DecisionLog.load(path)
    typer.echo(str(decisions))
    raise typer.Exit(1 if decisions.verify() else 0)
