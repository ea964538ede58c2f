"""`llmops-lab gate`: may this change ship? Exit code 0 pass, 1 fail, 2 inconclusive."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli import commands


@commands.register("gate")
def gate(
    policy: Annotated[Path, typer.Option(help="Gate policy, TOML.")],
    run: Annotated[Path, typer.Option(help="The run to judge.")],
    baseline: Annotated[Path | None, typer.Option(help="The run it is compared with.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write a Markdown summary here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every number as JSON here.")] = None,
) -> None:
    """Check a run against the policy, and against a baseline run if one is given."""
    from llmops_lab._atomic import write_atomically
    from llmops_lab.evals import EvalRun
    from llmops_lab.gate import Gate

    previous = None if baseline is None else EvalRun.load(baseline)
    verdict = Gate.load(policy).check(EvalRun.load(run), baseline=previous)
    for path, text in ((junit, verdict.junit), (markdown, verdict.markdown), (json, verdict.json)):
        if path is not None:
            write_atomically(path, text().encode())
    typer.echo(str(verdict))
    raise typer.Exit(verdict.exit_code)
