"""`llmops-lab dossier`: the documentation of a run and its verdict, for audits."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli._command import command
from llmops_lab.cli._options import BaselineRun, Labels, Policy, Run, run_of, verdict_of


@command(
    "dossier",
    example="--policy gate.toml --run run.jsonl --baseline previous.jsonl --out dossier.html",
)
def document(
    policy: Policy,
    run: Run,
    out: Annotated[list[Path], typer.Option(help="Write it here, .md or .html; repeatable.")],
    baseline: BaselineRun = None,
    labels: Labels = None,
    limit: Annotated[list[str] | None, typer.Option(help="A known limit; repeatable.")] = None,
) -> None:
    """Write what was tested, on what, with which result, by whom approved, and known limits."""
    from llmops_lab.audit import dossier

    judged = run_of(run)
    written = dossier(verdict_of(policy, judged, baseline, labels), judged, limits=limit or [])
    for path in out:
        typer.echo(f"wrote {written.save(path)}")
