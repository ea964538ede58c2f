"""How a noun shows itself in a notebook. Every text is escaped: trace text is untrusted."""

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Sign = Literal["good", "bad", "open"]
"""How a cell's text is to be taken: ✓, ✗ or ?, in the theme's colour of success, error, warning."""

# One style for light and dark: colours come from JupyterLab's variables, with fallbacks.
_STYLE = (
    "font-family:var(--jp-ui-font-family,system-ui);font-size:13px;"
    "color:var(--jp-ui-font-color1,inherit)"
)
_CELL = (
    "padding:3px 8px;border-bottom:1px solid var(--jp-border-color2,#8884);"
    "text-align:{};vertical-align:top;font-variant-numeric:tabular-nums"
)
# A number, one with a unit, sign or words before it ("at least 2 s"), or the mark of a gap.
_NUMBER = re.compile(r"(at least |from |up to )?[-+−±≥≤~$]{0,2}\d|[–-]?$|no price|none$")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
# Two dollar signs are two prices, and a trace may hold any: JupyterLab is not to set formulas.
_AS_IT_IS = "mathjax_ignore"
_SIGNS: dict[Sign, tuple[str, str]] = {
    "good": ("✓", "var(--jp-success-color1,#388e3c)"),
    "bad": ("✗", "var(--jp-error-color1,#d32f2f)"),
    "open": ("?", "var(--jp-warn-color1,#b26a00)"),
}
_SHORT = 32  # a name or number of this length is not broken into lines
_TABLE = "border-collapse:collapse;margin:0;font-size:inherit;color:inherit"
_DETAIL = "display:block;font-size:11px;opacity:.7;white-space:nowrap"
_CALLOUT = (
    "margin-top:6px;padding:4px 10px;border-left:3px solid var(--jp-warn-color1,#b26a00);"
    "background:var(--jp-layout-color2,#8881)"
)


@dataclass(frozen=True)
class Cell:
    """A text with a smaller one under it, such as a value with its interval."""

    text: str
    detail: str = ""
    sign: Sign | None = None

    def __str__(self) -> str:
        text = f"{_SIGNS[self.sign][0]} {self.text}" if self.sign else self.text
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True)
class Table:
    """A small table to show: a title, a line under it, column names or none, rows of ready text.

    A column of numbers stands to the right, one of words to the left; without names all left.
    `callouts` are for what a reader must not miss, `notes` for how to read the table; tables
    `below` stand between its rows and those.
    """

    title: str
    subtitle: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    notes: Sequence[str] = ()
    callouts: Sequence[str] = ()
    below: Sequence["Table"] = ()

    def text(self) -> str:
        """Aligned plain text."""
        head = [self.columns] if any(self.columns) else []
        rows = [*head, *([str(cell) for cell in row] for row in self.rows)]
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        lines = [_line(row, widths, self.of_numbers()) for row in rows]
        more = [f"\n{table.text()}" for table in self.below]
        warnings = [f"! {callout}" for callout in self.callouts]
        above = [line for line in (self.title, self.subtitle) if line]
        return "\n".join([*above, *lines, *more, *warnings, *self.notes])

    def html(self) -> str:
        """The same as an HTML fragment; every text is escaped."""
        escape = html.escape
        right = self.of_numbers()
        names = _row("th scope='col'", self.columns, right)
        head = f"<thead>{names}</thead>" if any(self.columns) else ""
        body = "".join(_row("td", row, right) for row in self.rows)
        callouts = "".join(
            f"<div role='note' style='{_CALLOUT}'>{escape(c)}</div>" for c in self.callouts
        )
        notes = "".join(
            f"<div style='opacity:.75;margin-top:4px'>{escape(n)}</div>" for n in self.notes
        )
        more = "".join(f"<div style='margin-top:10px'>{t.html()}</div>" for t in self.below)
        subtitle = (
            f"<div style='opacity:.75;margin-bottom:4px'>{escape(self.subtitle)}</div>"
            if self.subtitle
            else ""
        )
        return (
            f"<div class='{_AS_IT_IS}' style='{_STYLE}'>"
            f"<div style='font-weight:600'>{escape(self.title)}</div>{subtitle}"
            f"<div style='overflow-x:auto'><table style='{_TABLE}'>"
            f"{head}<tbody>{body}</tbody></table></div>"
            f"{more}{callouts}{notes}</div>"
        )

    def markdown(self) -> str:
        """The same as a table of GitHub's Markdown; every text is escaped."""
        columns = self.columns if any(self.columns) else [""] * max(map(len, self.rows), default=1)
        rows = [columns, ["---"] * len(columns), *self.rows]
        escape = markdown_text
        lines = [
            "| " + " | ".join(str(c) if i == 1 else escape(str(c)) for c in row) + " |"
            for i, row in enumerate(rows)
        ]
        above = [f"**{escape(self.title)}**", ""] if self.title else []
        under = [escape(self.subtitle), ""] if self.subtitle else []
        below = [
            *(f"\n{table.markdown()}" for table in self.below),
            *(f"\n{escape(note)}" for note in (*self.callouts, *self.notes)),
        ]
        return "\n".join([*above, *under, *lines, *below])

    def of_numbers(self) -> list[bool]:
        """Per column, whether it holds numbers; the first names the row."""
        if not any(self.columns):
            return [False] * max(map(len, self.rows), default=0)
        others = list(zip(*self.rows, strict=True))[1:]
        found = [all(_NUMBER.match(str(cell)) for cell in column) for column in others]
        return [False, *found] if self.rows else [False] * len(self.columns)


def _row(tag: str, cells: Sequence[str | Cell], right: Iterable[bool]) -> str:
    return "<tr>" + "".join(map(_cell, [tag] * len(cells), cells, right)) + "</tr>"


def _cell(tag: str, cell: str | Cell, number: bool) -> str:
    plain = cell if isinstance(cell, Cell) else Cell(cell)
    inside = html.escape(plain.text)
    if plain.sign:
        mark, color = _SIGNS[plain.sign]
        inside = f"<span style='font-weight:700;color:{color}'>{mark}</span> {inside}"
    if plain.detail:
        inside += f"<span style='{_DETAIL}'>{html.escape(plain.detail)}</span>"
    style = _CELL.format("right" if number else "left")
    if len(plain.text) <= _SHORT and not tag.startswith("th"):
        style += ";white-space:nowrap"
    return f"<{tag} style='{style}'>{inside}</{tag.partition(' ')[0]}>"


def _line(row: Sequence[str], widths: Iterable[int], right: Iterable[bool]) -> str:
    cells = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(row, widths, right, strict=True)
    ]
    return "  ".join(cells).rstrip()


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is: names of cases are not ours to trust."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


class Shown(ABC):
    """A noun that shows itself as a table: as text in a terminal, as HTML in a notebook."""

    @abstractmethod
    def _table(self) -> Table: ...

    def __str__(self) -> str:
        return self._table().text()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self._table().html()


@dataclass(frozen=True, repr=False)
class Listing(Shown):
    """A table that is shown as it is."""

    table: Table

    def _table(self) -> Table:
        return self.table


def table_of(shown: object) -> Table | None:
    """The table that a noun shows itself as, None where it shows itself otherwise."""
    return shown._table() if isinstance(shown, Shown) else None  # pyright: ignore[reportPrivateUsage]
