"""`llmops-lab labels`: sheets for people to label, blind to the judge and to each other."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli._command import command
from llmops_lab.cli._options import Run, run_of


@command("labels", example="--run run.jsonl --out ana.csv --out ben.csv --n 100")
def labels(
    run: Run,
    out: Annotated[
        list[Path],
        typer.Option(help="Write a sheet here, .csv or .jsonl, for the person it is called by."),
    ],
    n: Annotated[int, typer.Option(help="How many answers at most.")] = 100,
) -> None:
    """Write sheets of a run's answers for people to label, without the judge's verdicts.

    Everybody gets the same random answers in an order of their own, and writes pass or fail under
    `value`. Then: llmops-lab calibrate --run run.jsonl --labels ana.csv --labels ben.csv
    """
    from llmops_lab.labelling import label_sheet, write_label_sheet

    judged = run_of(run)
    for path in out:
        sheet = label_sheet(judged, path.stem, n=n)
        write_label_sheet(sheet, path)
        typer.echo(f"wrote {path}: {sheet.height} answers for {path.stem}, pass or fail in `value`")
    again = " ".join(f"--labels {path}" for path in out)
    typer.echo(f"when they are done: llmops-lab calibrate --run {run} {again}", err=True)
