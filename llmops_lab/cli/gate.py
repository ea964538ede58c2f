"""`llmops-lab gate`: may this change ship? Exit code 0 pass, 1 fail, 2 inconclusive."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmops_lab.cli._command import Outcome, command
from llmops_lab.cli._options import BaselineRun, Labels, Log, Policy, Run, verdict_of
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    from llmops_lab.gate import Verdict


@command("gate", example="--policy gate.toml --run run.jsonl --baseline previous.jsonl")
def gate(
    policy: Policy,
    run: Run,
    baseline: BaselineRun = None,
    labels: Labels = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(help="Write JUnit (.xml), Markdown (.md) or all numbers (.json); repeatable."),
    ] = None,
    log: Log = None,
) -> Any:
    """Check a run against the policy, and against a baseline run if one is given.

    Exit code 0: pass, 1: fail, 2: cannot tell.
    """
    from llmops_lab._atomic import write_atomically

    writers = [(path, _writer(path)) for path in report or []]
    verdict = verdict_of(policy, run, baseline, labels)
    for path, write in writers:
        write_atomically(path, write(verdict).encode())
    if log is not None:
        verdict.recorded(log)
    return Outcome(verdict, exit_code=verdict.exit_code)


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
