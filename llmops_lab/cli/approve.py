"""`llmops-lab approve`: sign off what the gate let pass, as a commit of your own."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import Labels


@commands.register("approve")
def approval(  # noqa: PLR0913, PLR0917 — the options of a command are its parameters
    policy: Annotated[Path, typer.Option(help="Gate policy, TOML.")],
    run: Annotated[Path, typer.Option(help="The run to approve.")],
    baseline: Annotated[Path | None, typer.Option(help="The run it is compared with.")] = None,
    labels: Labels = None,
    overrule: Annotated[str | None, typer.Option(help="Why to ship against the gate.")] = None,
    log: Annotated[Path | None, typer.Option(help="Decision log that gets a line.")] = None,
    commit: Annotated[bool, typer.Option(help="Commit it; else only write the file.")] = True,
) -> None:
    """Approve a run that the gate lets pass; you must be an approver and not its author."""
    from llmops_lab._gates.labels import read_labels
    from llmops_lab.approvals import approve
    from llmops_lab.evals import EvalRun
    from llmops_lab.gate import Gate

    previous = None if baseline is None else EvalRun.load(baseline)
    people = None if labels is None else read_labels(labels)
    verdict = Gate.load(policy).check(EvalRun.load(run), baseline=previous, labels=people)
    typer.echo(str(verdict))
    signed = approve(verdict, overrule=overrule, log=log, commit=commit)
    done = f"commit {signed.commit[:9]}" if signed.commit else "commit it: git commit --signoff -S"
    typer.echo(f"{signed.approval.approver} signed {signed.path.name}; {done}")
