"""`llmops-lab calibrate`: how far a judge can be trusted, by what people said."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from llmops_lab.cli._command import Variable, command
from llmops_lab.cli._options import Run, labels_of, run_of
from llmops_lab.errors import LabError


@command("calibrate", example="--run run.jsonl --labels labels.csv --out evals/judge.json")
def calibration(
    run: Run,
    labels: Annotated[
        list[Path],
        typer.Option(
            help="People's labels: run_id, case_id, value (CSV, JSONL or Parquet), as `labels` "
            "prepares them; repeatable."
        ),
        Variable(),
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
) -> Any:
    """Hold a judge against people: agreement, kappa, what it finds, what people would pass."""
    from llmops_lab.calibration import calibrate

    judged = run_of(run)
    name = judge or _only_judge(judged.plan.judges, judged.plan.scorers)
    record = calibrate(judged, labels_of(labels), judge=name, by=by)
    if out is not None:
        record.save(out)
        typer.echo(f"wrote {out}; name it under [calibrations] in the policy", err=True)
    return record


def _only_judge(judges: Collection[str], scorers: Collection[str]) -> str:
    if len(judges) == 1:
        return next(iter(judges))
    if judges:
        raise LabError(f"several judges scored this run; choose one: --judge {' | '.join(judges)}")
    raise LabError(
        f"no judge scored this run, only {', '.join(scorers)}; evaluate with a Judge, or declare "
        "your function one: @lab.asks_model(...)"
    )
