"""Arguments that several commands share, and how a result is printed."""

import json
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

Sources = Annotated[list[str], typer.Argument(help="Trace exports: files, folders or globs.")]
Format = Annotated[
    str | None, typer.Option(help="Trace format; recognised by content unless given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print rows as JSON lines.")]
Labels = Annotated[
    Path | None, typer.Option(help="People's labels, for judges: CSV, JSONL or Parquet.")
]
Golden = Annotated[Path, typer.Option(help="Golden set, JSONL.")]


def show(result: Any, frame: pl.DataFrame, *, as_json: bool) -> None:
    """Print a result's text form, or its frame one JSON object a line."""
    if not as_json:
        typer.echo(str(result))
        return
    for row in frame.iter_rows(named=True):
        typer.echo(json.dumps(row, default=str, ensure_ascii=False))
