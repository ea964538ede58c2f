"""`llmops-lab calibrate`: how far a judge can be trusted, by what people said."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson
from llmops_lab.errors import LabError


@commands.register("calibrate")
def calibration(
    run: Annotated[Path, typer.Option(help="A run that the judge scored.")],
    labels: Annotated[
        Path,
        typer.Option(help="People's labels: run_id, case_id, value (CSV, JSONL or Parquet)."),
    ],
    judge: Annotated[
        str | None, typer.Option(help="The judge's name; needed where the run has several.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Also per tags, split, cluster, severity or label.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the record here, JSON: the gate asks for it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a judge against people: agreement, kappa, what it finds, what people would pass."""
    from llmops_lab._gates.labels import read_labels
    from llmops_lab.calibration import calibrate
    from llmops_lab.evals import EvalRun

    judged = EvalRun.load(run)
    name = judge or _only_judge(judged.plan.judges, judged.plan.scorers)
    record = calibrate(judged, read_labels(labels), judge=name, by=by)
    typer.echo(record.json() if as_json else str(record))
    if out is not None:
        record.save(out)
        typer.echo(f"wrote {out}; name it under [calibrations] in the policy", err=True)


def _only_judge(judges: Collection[str], scorers: Collection[str]) -> str:
    if len(judges) == 1:
        return next(iter(judges))
    if judges:
        raise LabError(f"several judges scored this run; choose one: --judge {' | '.join(judges)}")
    raise LabError(
        f"no judge scored this run, only {', '.join(scorers)}; evaluate with a Judge, or declare "
        "your function one: @lab.asks_model(...)"
    )
