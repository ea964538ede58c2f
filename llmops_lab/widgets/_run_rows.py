"""The results of an eval as table rows: which to show, in which order, and how they read."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from llmops_lab._cases.case import as_text, shorten
from llmops_lab._display import Cell, Sign
from llmops_lab._runs.result import Result
from llmops_lab.evals import EvalRun

GLYPHS = {"failed": "✗", "error": "!", "passed": "✓", "unscored": "·"}
PREVIEW_CHARS = 140


@dataclass(frozen=True)
class View:
    """What the person asked to see."""

    filter: str = "failures"
    tag: str = ""
    search: str = ""
    sort: str = "position"
    descending: bool = False


def state_of(result: Result) -> str:
    """One word for what became of a case: passed, failed, error or unscored."""
    if result.error:
        return "error"
    return {True: "passed", False: "failed", None: "unscored"}[result.passed]


def result_rows(run: EvalRun) -> pl.DataFrame:
    """One row per result, `position` counting from 0, with all its text in `haystack`."""
    rows = [_row(position, result) for position, result in enumerate(run.results)]
    schema = {
        "position": pl.Int64,
        "state": pl.String,
        "id": pl.String,
        "input": pl.String,
        "duration_s": pl.Float64,
        "tags": pl.List(pl.String),
        "haystack": pl.String,
        **{_score_column(name): pl.Float64 for name in run.plan.scorers},
    }
    return pl.DataFrame(rows, schema=schema)


def shown_positions(rows: pl.DataFrame, view: View, marked: set[int]) -> list[int]:
    """Positions of the results to show, in order; rows without a value come last."""
    kept = rows.filter(
        _in_filter(view.filter, marked),
        pl.col("tags").list.contains(view.tag) if view.tag else pl.lit(True),
        pl.col("haystack").str.contains(view.search.lower(), literal=True),
    )
    ordered = kept.sort(view.sort, descending=view.descending, nulls_last=True, maintain_order=True)
    return ordered["position"].to_list()


def filter_counts(rows: pl.DataFrame, n_marked: int) -> list[tuple[str, str, str]]:
    """(name, label, count) of each filter."""
    counts = dict(rows.group_by("state").len().iter_rows())
    wrong = counts.get("failed", 0) + counts.get("error", 0)
    return [
        ("failures", "Failures", f"{wrong:,}"),
        ("errors", "Errors", f"{counts.get('error', 0):,}"),
        ("all", "All", f"{len(rows):,}"),
        ("marked", "Marked", f"{n_marked:,}"),
    ]


def tag_labels(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """(tag, label with its count), the commonest first."""
    counts = rows.select(pl.col("tags").explode().drop_nulls().value_counts(sort=True))
    return [(tag, f"{tag} ({n:,})") for tag, n in counts.unnest("tags").iter_rows()]


def columns_of(run: EvalRun) -> list[dict[str, Any]]:
    """Name, label and kind of each column of the table."""
    scores = [(_score_column(name), name, True) for name in run.plan.scorers]
    all_columns = [
        ("state", "", False),
        ("id", "Case", False),
        ("input", "Asked", False),
        *scores,
        ("duration_s", "Time", True),
    ]
    return [
        {"name": name, "label": label, "numeric": numeric, "wide": name == "input"}
        for name, label, numeric in all_columns
    ]


def cells_of(row: dict[str, Any], columns: list[dict[str, Any]]) -> list[str]:
    """The texts of one table row."""
    texts = {"state": GLYPHS[row["state"]], "id": row["id"], "input": row["input"]}
    texts["duration_s"] = seconds(row["duration_s"])
    names = [column["name"] for column in columns]
    return [texts[name] if name in texts else number(row[name]) for name in names]


def pictured(result: Result) -> tuple[Cell, str, str, str]:
    """A result as it is read without the widget: case, asked, expected, answered."""
    signs: dict[str, Sign] = {"passed": "good", "unscored": "open"}
    answered = result.error or as_text(result.answer.output)
    texts = (result.case.text, as_text(result.case.expected), answered)
    asked, expected, given = (shorten(text, PREVIEW_CHARS) for text in texts)
    return Cell(result.case.id, sign=signs.get(state_of(result), "bad")), asked, expected, given


def seconds(value: float | None) -> str:
    """A duration as people read it."""
    if value is None:
        return ""
    if value < 0.001:
        return "<1 ms"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def number(value: float | None) -> str:
    """A score with two decimals; empty where there is none."""
    return "" if value is None else f"{value:.2f}"


def _score_column(name: str) -> str:
    return f"score:{name}"


def _row(position: int, result: Result) -> dict[str, Any]:
    case, answer = result.case, result.answer
    texts = (case.id, case.text, as_text(case.expected), as_text(answer.output), result.error or "")
    return {
        "position": position,
        "state": state_of(result),
        "id": case.id if result.trial == 0 else f"{case.id} #{result.trial + 1}",
        "input": shorten(case.text, PREVIEW_CHARS),
        "duration_s": answer.duration_s,
        "tags": case.tags,
        "haystack": "\n".join(texts).lower(),
        **{_score_column(score.name): score.value for score in result.scores},
    }


def _in_filter(name: str, marked: set[int]) -> pl.Expr:
    if name == "failures":
        return pl.col("state").is_in(["failed", "error"])
    if name == "errors":
        return pl.col("state") == "error"
    if name == "marked":
        return pl.col("position").is_in(list(marked))
    return pl.lit(True)
