"""`llmops-lab dossier`: the documentation of a run and its verdict, for audits."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import Labels


@commands.register("dossier")
def document(
    policy: Annotated[Path, typer.Option(help="Gate policy, TOML.")],
    run: Annotated[Path, typer.Option(help="The run to document.")],
    out: Annotated[list[Path], typer.Option(help="Write it here, .md or .html; repeatable.")],
    baseline: Annotated[Path | None, typer.Option(help="The run it is compared with.")] = None,
    labels: Labels = None,
    limit: Annotated[list[str] | None, typer.Option(help="A known limit; repeatable.")] = None,
) -> None:
    """Write what was tested, on what, with which result, by whom approved, and known limits."""
    from llmops_lab._gates.labels import read_labels
    from llmops_lab.audit import dossier
    from llmops_lab.evals import EvalRun
    from llmops_lab.gate import Gate

    judged = EvalRun.load(run)
    previous = None if baseline is None else EvalRun.load(baseline)
    people = None if labels is None else read_labels(labels)
    verdict = Gate.load(policy).check(judged, baseline=previous, labels=people)
    written = dossier(verdict, judged, limits=limit or [])
    for path in out:
        typer.echo(f"wrote {written.save(path)}")
