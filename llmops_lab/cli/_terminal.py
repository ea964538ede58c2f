"""Commands as a terminal runs them: what they return is printed, as a table, JSON lines or CSV."""

import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from shutil import get_terminal_size
from typing import Annotated, Any

import msgspec
import polars as pl
import typer

from llmops_lab._display import Shown, table_of
from llmops_lab.cli._command import Command, Outcome
from llmops_lab.cli._fit import chosen, fitted
from llmops_lab.cli._options import keys_of
from llmops_lab.errors import ColumnError, LabError

_AsJson = Annotated[bool, typer.Option("--json", help="Print rows as JSON lines.")]
_AsCsv = Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")]
_Columns = Annotated[
    str | None,
    typer.Option(
        help="Only these columns, with commas, of the table or of --json and --csv; "
        "all: the whole table, however wide."
    ),
]
_ALL = ("--columns all shows every column, --columns 'a,b' those, --json and --csv all numbers.",)


class Terminal:
    """The place `llmops-lab`."""

    program = "llmops-lab"

    def parameters(self, command: Command) -> Sequence[inspect.Parameter]:
        """How rows are printed, of a command that returns something."""
        if inspect.signature(command.function).return_annotation is None:
            return ()
        kind = inspect.Parameter.KEYWORD_ONLY
        return (
            inspect.Parameter("as_json", kind, default=False, annotation=_AsJson),
            inspect.Parameter("as_csv", kind, default=False, annotation=_AsCsv),
            inspect.Parameter("columns", kind, default=None, annotation=_Columns),
        )

    def fitted(self, parameter: inspect.Parameter) -> inspect.Parameter:
        """The parameter as it is."""
        return parameter

    def run(self, command: Command, given: dict[str, Any]) -> int:
        """Print what the command returns; the exit code."""
        options = [given.pop(each.name) for each in self.parameters(command)]
        result = command.function(**given)
        ended = result if isinstance(result, Outcome) else Outcome(result)
        if options:
            _show(ended, *options)
        if ended.next:
            typer.echo(f"next: {ended.next}", err=True)
        return ended.exit_code


def _show(ended: Outcome, as_json: bool, as_csv: bool, columns: str | None) -> None:
    if as_json and as_csv:
        raise LabError("--json or --csv, not both")
    if as_json and columns is None and hasattr(ended.shown, "json"):
        typer.echo(ended.shown.json(), nl=False)
    elif as_json or as_csv:
        frame = _frame(ended)
        rows = frame if columns in {None, "all"} else _rows(frame, keys_of([str(columns)]))
        typer.echo(_csv(rows) if as_csv else _json_lines(rows), nl=False)
    else:
        typer.echo(_text(ended.shown, columns))


def _text(shown: Any, columns: str | None) -> str:
    """The noun as text: chosen columns, all, or as many as the terminal is wide."""
    table = table_of(shown) if type(shown).__str__ is Shown.__str__ else None
    if table is None or columns == "all":
        return str(shown)
    if columns is not None:
        return chosen(table, keys_of([columns])).text()
    if not (sys.stdout.isatty() or "COLUMNS" in os.environ):
        return table.text()
    narrow = fitted(table, get_terminal_size().columns)
    notes = [*narrow.notes, *(_ALL if len(narrow.columns) < len(table.columns) else ())]
    return replace(narrow, notes=notes).text()


def _frame(ended: Outcome) -> pl.DataFrame:
    frame = getattr(ended.shown, "frame", None) if ended.frame is None else ended.frame
    if frame is None:
        raise LabError("this has no rows; print it with --json alone")
    return frame


def _rows(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    if missing := set(columns) - set(frame.columns):
        raise ColumnError(missing, frame.columns)
    return frame.select(columns)


def _json_lines(frame: pl.DataFrame) -> str:
    """A JSON object per row; times are ISO 8601 with their zone."""
    encoder = msgspec.json.Encoder(enc_hook=str)
    return b"".join(encoder.encode(row) + b"\n" for row in frame.iter_rows(named=True)).decode()


def _csv(frame: pl.DataFrame) -> str:
    """The rows as CSV; times as in JSON, lists and structures as JSON."""
    write = msgspec.json.Encoder(enc_hook=str).encode
    nested = [
        pl.Series(name, [None if cell is None else write(cell).decode() for cell in cells])
        for name, cells in ((name, frame[name].to_list()) for name in frame.columns)
        if frame.schema[name].is_nested()
    ]
    return frame.with_columns(nested).write_csv(datetime_format="%+")
