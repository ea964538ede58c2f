"""`llmops-lab approve`: sign off what the gate let pass, as a commit of your own."""

from typing import Annotated

import typer

from llmops_lab.cli._command import command
from llmops_lab.cli._options import BaselineRun, Labels, Log, Policy, Run, verdict_of


@command("approve", example="--policy gate.toml --run run.jsonl --baseline previous.jsonl")
def approval(  # noqa: PLR0913, PLR0917 — the options of a command are its parameters
    policy: Policy,
    run: Run,
    baseline: BaselineRun = None,
    labels: Labels = None,
    overrule: Annotated[str | None, typer.Option(help="Why to ship against the gate.")] = None,
    log: Log = None,
    commit: Annotated[bool, typer.Option(help="Commit it; else only write the file.")] = True,
) -> None:
    """Approve a run that the gate lets pass; you must be an approver and not its author."""
    from llmops_lab.approvals import approve

    verdict = verdict_of(policy, run, baseline, labels)
    typer.echo(str(verdict))
    signed = approve(verdict, overrule=overrule, log=log, commit=commit)
    done = f"commit {signed.commit[:9]}" if signed.commit else "commit it: git commit --signoff -S"
    typer.echo(f"{signed.approval.approver} signed {signed.path.name}; {done}")
