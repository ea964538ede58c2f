"""`llmops-lab dossier`: the documentation of a run and its verdict, for audits."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli import commands


@commands.register("dossier")
def document(
    policy: Annotated[Path, typer.Option(help="Gate policy, TOML.")],
    run: Annotated[Path, typer.Option(help="The run to document.")],
    out: Annotated[list[Path], typer.Option(help="Write it here, .md or .html; repeatable.")],
    baseline: Annotated[Path | None, typer.Option(help="The run it is compared with.")] = None,
    labels: Annotated[Path | None, typer.Option(help="People's labels, for judges: CSV.")] = None,
    limit: Annotated[list[str] | None, typer.Option(help="A known limit; repeatable.")] = None,
) -> None:
    """Write what was tested, on what, with which result, by whom approved, and known limits."""
    import polars as pl

    from llmops_lab.audit import dossier
    from llmops_lab.evals import EvalRun
    from llmops_lab.gate import Gate

    judged = EvalRun.load(run)
    previous = None if baseline is None else EvalRun.load(baseline)
    people = None if labels is None else pl.read_csv(labels)
    verdict = Gate.load(policy).check(judged, baseline=previous, labels=people)
    written = dossier(verdict, judged, limits=limit or [])
    for path in out:
        typer.echo(f"wrote {written.save(path)}")
