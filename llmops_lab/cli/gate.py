"""`llmops-lab gate`: may this change ship? Exit code 0 pass, 1 fail, 2 inconclusive."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import Labels
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    from llmops_lab.gate import Verdict


@commands.register("gate")
def gate(
    policy: Annotated[Path, typer.Option(help="Gate policy, TOML.")],
    run: Annotated[Path, typer.Option(help="The run to judge.")],
    baseline: Annotated[Path | None, typer.Option(help="The run it is compared with.")] = None,
    labels: Labels = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="Write JUnit (.xml), Markdown (.md) or all numbers (.json); repeatable."),
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Decision log that gets a line.")] = None,
) -> None:
    """Check a run against the policy, and against a baseline run if one is given."""
    from llmops_lab._atomic import write_atomically
    from llmops_lab._gates.labels import read_labels
    from llmops_lab.evals import EvalRun
    from llmops_lab.gate import Gate

    writers = [(path, _writer(path)) for path in report or []]
    previous = None if baseline is None else EvalRun.load(baseline)
    people = None if labels is None else read_labels(labels)
    verdict = Gate.load(policy).check(EvalRun.load(run), baseline=previous, labels=people)
    for path, write in writers:
        write_atomically(path, write(verdict).encode())
    if log is not None:
        verdict.recorded(log)
    typer.echo(str(verdict))
    raise typer.Exit(verdict.exit_code)


def _writer(path: Path) -> "Callable[[Verdict], str]":
    """How the verdict is written to such a file; known before anything is worked out."""
    kinds: dict[str, Callable[[Verdict], str]] = {
        ".xml": lambda verdict: verdict.junit(),
        ".md": lambda verdict: verdict.markdown(),
        ".json": lambda verdict: verdict.json(),
    }
    if path.suffix not in kinds:
        raise LabError(f"a report ends in {', '.join(kinds)}; {path.name} does not")
    return kinds[path.suffix]
