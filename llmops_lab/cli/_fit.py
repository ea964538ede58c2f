"""A table as wide as the terminal."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from textwrap import wrap

from llmops_lab._display import Cell, Table
from llmops_lab.errors import ColumnError

_BETWEEN = 2
_NARROWEST = 24  # a column of words is not made narrower


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

    First what stands in brackets goes under its value, then words go on on the next line, then
    columns are left out from the right.
    """
    if not any(table.columns) or _width(table) <= width:
        return table
    narrow = _wrapped(_stacked(table), width)
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


def _wrapped(table: Table, width: int) -> Table:
    """The table with its columns of words as narrow as it takes, the widest first."""
    numbers = table.of_numbers()
    widths = _widths(table)
    over = sum(widths) + _BETWEEN * (len(widths) - 1) - width
    for place in sorted(range(len(widths)), key=lambda place: -widths[place]):
        if over > 0 and not numbers[place] and widths[place] > _NARROWEST:
            narrow = max(_NARROWEST, widths[place] - over)
            over -= widths[place] - narrow
            widths[place] = narrow
    rows = [
        line for row in table.rows for line in zip_longest(*map(_lines, row, widths), fillvalue="")
    ]
    return replace(table, rows=rows)


def _lines(cell: str | Cell, width: int) -> list[str]:
    """The text in lines, all as far from the left as the first."""
    text = str(cell)
    if len(text) <= width:
        return [text]
    lead = text[: len(text) - len(text.lstrip())]
    return wrap(text, width, subsequent_indent=lead, break_on_hyphens=False) or [""]


def _only(table: Table, places: Sequence[int]) -> Table:
    rows = [[row[place] for place in places] for row in table.rows]
    rows = [row for row in rows if any(map(str, row))]  # not what only went on in another
    return replace(table, columns=[table.columns[place] for place in places], rows=rows)


def _widths(table: Table) -> list[int]:
    rows = [table.columns, *([str(cell) for cell in row] for row in table.rows)]
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _width(table: Table) -> int:
    widths = _widths(table)
    return sum(widths) + _BETWEEN * (len(widths) - 1)
