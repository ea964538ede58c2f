"""How segments show themselves as text and HTML."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._display import Cell, Table

_MOST = 60
_FEWEST_FOR_GROUPS = 12
_COLUMNS = (
    "segment",
    "for example",
    "queries",
    "share",
    "users",
    "failed",
    "thumbs down",
    "cost",
    "p50",
    "p95",
)


def shortened(text: str, most: int = 60) -> str:
    """The text on one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def segment_table(frame: pl.DataFrame, title: str, subtitle: str, notes: Sequence[str]) -> Table:
    """The segments, in their groups where there are many; columns of which nothing is known
    are left out."""
    if not frame.height:
        return Table(title, subtitle, (), (), notes)
    rows = list(_rows(frame))
    known = [i for i in range(len(_COLUMNS)) if any(str(row[i]) not in ("–", "") for row in rows)]
    cells = [[row[i] for i in known] for row in rows]
    return Table(title, subtitle, [_COLUMNS[i] for i in known], cells, notes)


def names_line(frame: pl.DataFrame) -> list[str]:
    """Who gave the names, when it was a model: for how much, and how many it could not give."""
    if "named_by" not in frame.columns:
        return []
    named = frame.filter(pl.col("named_by") != "words")
    models = ", ".join(named["named_by"].unique(maintain_order=True))
    known = frame["naming_cost_usd"].drop_nulls()
    cost = f" for {quantities.dollars(float(known.sum()))}" if len(known) else ", cost unknown"
    kept = frame.height - named.height
    rest = f"; {kept} kept from words, see naming_error" if kept else ""
    return [f"Names by {models}{cost}{rest}"]


def _rows(frame: pl.DataFrame) -> Iterable[list[str | Cell]]:
    grouped = frame.height >= _FEWEST_FOR_GROUPS and "group" in frame.columns
    if not grouped:
        yield from (_line(row) for row in frame.head(_MOST).iter_rows(named=True))
        return
    for _, rows in frame.head(_MOST).group_by("group", maintain_order=True):
        if rows.height > 1:
            share = quantities.percent(float(rows["share"].sum()))
            name = f"{rows['group_name'][0]} ({rows.height} segments)"
            count = quantities.count(int(rows["n"].sum()))
            yield [name, "", count, share, *[""] * (len(_COLUMNS) - 4)]
        # A space that HTML does not swallow.
        indent = "\u2003" if rows.height > 1 else ""
        for row in rows.iter_rows(named=True):
            yield _line(row, indent)


def _line(row: dict[str, Any], indent: str = "") -> list[str | Cell]:
    return [
        f"{indent}{row['name']}",
        shortened((row["exemplars"] or [""])[0], 48),
        quantities.count(row["n"]),
        quantities.percent(row["share"]),
        quantities.count(row["n_users"]),
        quantities.percent(row["error_rate"]),
        quantities.percent(row["negative_feedback_rate"]),
        quantities.dollars(row["cost_usd"]),
        quantities.seconds(row["duration_s_p50"]),
        quantities.seconds(row["duration_s_p95"]),
    ]
