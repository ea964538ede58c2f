"""A table as wide as the terminal."""

from collections.abc import Sequence
from dataclasses import replace

from llmops_lab._cases.case import shorten
from llmops_lab._display import Cell, Table
from llmops_lab.errors import ColumnError

_BETWEEN = 2
_SHORTEST = 24  # a column of words is not cut below this


def chosen(table: Table, names: Sequence[str]) -> Table:
    """The table with its first column and those with these heads, in this order.

    Raises ColumnError for a head that it does not have.
    """
    heads = list(table.columns)
    if missing := set(names) - set(heads):
        raise ColumnError(missing, heads)
    first = [heads[0]] if heads[0] not in names else []
    return _only(table, [heads.index(name) for name in [*first, *names]])


def fitted(table: Table, width: int) -> Table:
    """The table in so many columns of a terminal, and a note on what that left out.

    First what stands in brackets goes under its value, then words are cut, then columns are left
    out from the right.
    """
    if not any(table.columns) or _width(table) <= width:
        return table
    narrow = _cut(_stacked(table), width)
    places = list(range(len(narrow.columns)))
    while _width(_only(narrow, places)) > width and len(places) > 1:
        places.pop()
    left_out = ", ".join(list(narrow.columns)[len(places) :])
    notes = [f"Too wide for {width} columns: {left_out}."] if left_out else []
    narrow = _only(narrow, places)
    return replace(narrow, notes=[*narrow.notes, *notes])


def _stacked(table: Table) -> Table:
    """Every row on two lines: the texts, and under them what says more of them, if anything."""
    rows: list[list[str]] = []
    for row in table.rows:
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        rows.append([str(replace(cell, detail="")) for cell in cells])
        if any(cell.detail for cell in cells):
            rows.append([cell.detail for cell in cells])
    return replace(table, rows=rows)


def _cut(table: Table, width: int) -> Table:
    """The table with its widest words cut, as far as that helps."""
    words = [
        place
        for place, number in enumerate(table.of_numbers())
        if place and not number and _widths(table)[place] > _SHORTEST
    ]
    while words and (over := _width(table) - width) > 0:
        widest = max(words, key=lambda place: _widths(table)[place])
        wide = _widths(table)[widest]
        if wide <= _SHORTEST:
            break
        others = sorted(_widths(table)[place] for place in words if place != widest)
        enough = max(_SHORTEST, wide - over, others[-1] - 1 if others else 0)
        rows = [
            [shorten(str(c), enough) if place == widest else c for place, c in enumerate(row)]
            for row in table.rows
        ]
        table = replace(table, rows=rows)
    return table


def _only(table: Table, places: Sequence[int]) -> Table:
    rows = [[row[place] for place in places] for row in table.rows]
    return replace(table, columns=[table.columns[place] for place in places], rows=rows)


def _widths(table: Table) -> list[int]:
    rows = [table.columns, *([str(cell) for cell in row] for row in table.rows)]
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _width(table: Table) -> int:
    widths = _widths(table)
    return sum(widths) + _BETWEEN * (len(widths) - 1)
