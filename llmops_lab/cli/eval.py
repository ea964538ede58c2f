"""`llmops-lab eval`: run a golden set against a target and keep the results."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab._runs.named import named_object
from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Golden, show
from llmops_lab.targets._named import HOW, named_target

_INTERRUPTED = 130


@commands.register("eval")
def evaluation(
    golden: Golden,
    target: Annotated[str, typer.Option(help=f"{HOW}.")],
    scorer: Annotated[
        list[str] | None,
        typer.Option(help="Scorer, or package.module:function; repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the run here; resumes if there.")] = None,
    concurrency: Annotated[int, typer.Option(help="Calls in flight at once.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Answer every case of a golden set, score the answers, keep the run.

    After Ctrl-C the same command goes on where it stopped, if there is --out (exit code 130).
    """
    from llmops_lab.evals import evaluate
    from llmops_lab.golden import GoldenSet

    run = evaluate(
        named_target(target),
        GoldenSet.load(golden),
        scorers=[named_object(name) if ":" in name else name for name in scorer or ["exact"]],
        checkpoint=out,
        concurrency=concurrency,
    )
    show(run, run.frame, as_json=as_json)
    if run.n_missing:
        raise typer.Exit(_INTERRUPTED)
