"""`llmops-lab eval`: run a golden set against a target and keep the results."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmops_lab.cli._command import Outcome, Variable, command
from llmops_lab.cli._options import Concurrency, Scorers, golden_of, scorers_of, target_of
from llmops_lab.errors import LabError
from llmops_lab.targets._named import HOW

if TYPE_CHECKING:
    from llmops_lab.evals import EvalRun

_INTERRUPTED = 130


@command(
    "eval",
    example="golden.jsonl --target app:answer --scorer contains --out run.jsonl",
    keeps="run",
)
def evaluation(  # noqa: PLR0913 — the options of a command are its parameters
    *,
    golden: Annotated[
        Path | None, typer.Argument(help="Golden set, JSONL.", show_default=False), Variable()
    ] = None,
    golden_option: Annotated[
        Path | None, typer.Option("--golden", help="The same, by name."), Variable()
    ] = None,
    target: Annotated[str, typer.Option(help=f"{HOW}."), Variable(is_needed=False)],
    scorer: Scorers = None,
    trials: Annotated[int, typer.Option(help="How often each question is asked.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Write the run here; resumes if there.")] = None,
    concurrency: Concurrency = 8,
) -> Any:
    """Answer every case of a golden set, score the answers, keep the run.

    After Ctrl-C the same command goes on where it stopped, if there is --out (exit code 130).
    """
    from llmops_lab.evals import evaluate

    if (golden is None) == (golden_option is None):
        raise LabError("name one golden set: llmops-lab eval golden.jsonl --target …")
    run = evaluate(
        target_of(target),
        golden_of(golden if golden_option is None else golden_option),
        scorers=scorers_of(scorer) or ["exact"],
        checkpoint=out,
        concurrency=concurrency,
        trials=trials,
    )
    return Outcome(run, exit_code=_INTERRUPTED if run.n_missing else 0, next=_next(run, out))


def _next(run: "EvalRun", out: Path | None) -> str:
    if out is None:
        return "keep the run with --out run.jsonl, to compare, gate and learn from it"
    if run.n_missing:
        return "the same call answers what is missing"
    wrong = any(result.passed is False for result in run.results)
    learn = f"llmops-lab golden add golden.jsonl {out} --format failures"
    return f"keep what failed as cases: {learn}" if wrong else ""
