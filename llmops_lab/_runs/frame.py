"""Results as columns."""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from llmops_lab._cases.case import as_text
from llmops_lab._runs.result import Plan, Result
from llmops_lab.errors import LabError

TEXT, NUMBER, COUNT, TEXTS = pl.String(), pl.Float64(), pl.Int64(), pl.List(pl.String)

RESULT_COLUMNS: dict[str, pl.DataType] = {
    "run_id": TEXT,
    "target": TEXT,
    "case_id": TEXT,
    "case_hash": TEXT,
    "trial": COUNT,
    "input": TEXT,
    "expected": TEXT,
    "label": TEXT,
    "tags": TEXTS,
    "split": TEXT,
    "cluster": TEXT,
    "severity": TEXT,
    "weight": NUMBER,
    "output": TEXT,
    "error": TEXT,
    "passed": pl.Boolean(),
    "finish_reason": TEXT,
    "duration_s": NUMBER,
    "ttft_s": NUMBER,
    "input_tokens": COUNT,
    "output_tokens": COUNT,
    "cost_usd": NUMBER,
    "model": TEXT,
    "params": TEXT,
    "started_at": TEXT,
}
_OF_CASE = ("label", "tags", "split", "cluster", "severity", "weight")
_OF_ANSWER = (
    "finish_reason",
    "duration_s",
    "ttft_s",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "model",
)


def score_columns(name: str) -> dict[str, pl.DataType]:
    """The columns of one scorer: its value, whether that passed, and why."""
    return {name: NUMBER, f"{name}_passed": pl.Boolean(), f"{name}_reason": TEXT}


def check_names(scorers: Sequence[str]) -> None:
    """Raise LabError when two scorers, or a scorer and a column, would share a name."""
    taken = set(RESULT_COLUMNS)
    for name in scorers:
        columns = set(score_columns(name))
        if not name or taken & columns:
            raise LabError(f"the scorer name {name!r} is taken; give the scorer another name=")
        taken |= columns


def result_frame(plan: Plan, results: Sequence[Result]) -> pl.DataFrame:
    """One row per result; texts as they are, other JSON as JSON text."""
    schema = dict(RESULT_COLUMNS)
    for name in plan.scorers:
        schema |= score_columns(name)
    rows = [_row(plan, result) for result in results]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _row(plan: Plan, result: Result) -> list[Any]:
    case, answer = result.case, result.answer
    return [
        plan.run_id,
        plan.target,
        *result.key,
        case.text,
        _text(case.expected),
        *(getattr(case, name) for name in _OF_CASE),
        _text(answer.output),
        result.error,
        result.passed,
        *(getattr(answer, name) for name in _OF_ANSWER),
        msgspec.json.encode(answer.params, order="sorted").decode(),
        result.started_at,
        *_scores(plan, result),
    ]


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)


def _scores(plan: Plan, result: Result) -> list[Any]:
    found = {score.name: score for score in result.scores}
    cells: list[Any] = []
    for name in plan.scorers:
        score = found.get(name)
        cells += [None] * 3 if score is None else [score.value, score.passed, score.reason]
    return cells
