"""Sheets on which people label answers without the judge's verdict, or each other's, in sight."""

import random
from pathlib import Path

import polars as pl

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._cases.case import as_text
from llmops_lab._privacy.masker import Masker
from llmops_lab._runs.result import Result
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import FormatError, LabError

_TOLD = ("input", "context", "rubric", "expected", "output")
_COLUMNS = ("run_id", "case_id", "annotator", *_TOLD, "value", "comment", "blind")
# What a spreadsheet would take for a formula, and run.
_FORMULA = r"^([=+\-@\t\r])"


def label_sheet(
    run: EvalRun, annotator: str, *, n: int = 100, redacted: bool = True
) -> pl.DataFrame:
    """A random sample of a run's answers for one person to label, blind.

    A row per case: run_id, case_id, annotator, what was asked and answered (input, context,
    rubric, expected, output), and `value`, where the person writes pass or fail, with room for a
    `comment`. Everybody gets the same cases, each in an order of their own; what scorers and
    judges said is not in it. Personal data and secrets are masked (see `redact`) unless
    `redacted` is False. Raises LabError where the run has no answer.
    """
    answered = [result for result in run.results if result.trial == 0 and not result.answer.error]
    if not answered:
        raise LabError("this run has no answers to label")
    in_order = sorted(answered, key=lambda result: result.case.id)
    sample = random.Random(run.run_id).sample(in_order, min(n, len(in_order)))
    random.Random(f"{run.run_id} {annotator}").shuffle(sample)
    rows = [_row(result, run.run_id, annotator) for result in sample]
    sheet = pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")
    sheet = sheet.with_columns(blind=pl.lit(value=True))
    return Masker().frame(sheet, kept=set(_COLUMNS) - {*_TOLD}) if redacted else sheet


def write_label_sheet(sheet: pl.DataFrame, path: str | Path) -> Path:
    """Write a sheet as CSV or JSONL, by the suffix; returns the path.

    In CSV a text that a spreadsheet would run as a formula begins with an apostrophe. Raises
    LabError for a file that is there, as it may hold labels, and FormatError for another suffix.
    """
    file = Path(path)
    kinds = {".csv": _csv, ".jsonl": pl.DataFrame.write_ndjson}
    if file.suffix.lower() not in kinds:
        raise FormatError(f"a sheet ends in {' or '.join(kinds)}; {file.name} does not")
    with locked(file):
        if file.exists():
            raise LabError(f"{file} is there and may hold labels; move it or name another file")
        write_atomically(file, kinds[file.suffix.lower()](sheet).encode())
    return file


def _row(result: Result, run_id: str, annotator: str) -> tuple[str | None, ...]:
    case = result.case
    answer = None if case.expected is None else as_text(case.expected)
    expected = f"never: {answer}" if answer and case.label == "bad" else answer
    context = "\n\n".join(case.context) or None
    output = as_text(result.answer.output)
    told = (case.text, context, case.rubric, expected, output)
    return (run_id, case.id, annotator, *told, None, None, None)


def _csv(sheet: pl.DataFrame) -> str:
    texts = pl.col(*_TOLD, "annotator").str.replace(_FORMULA, "'$1")
    return sheet.with_columns(texts).write_csv()
