"""How a noun shows itself in a notebook. Every text is escaped: trace text is untrusted."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# One style for light and dark: colours come from JupyterLab's variables, with fallbacks.
_STYLE = (
    "font-family:var(--jp-ui-font-family,system-ui);font-size:13px;"
    "color:var(--jp-ui-font-color1,inherit)"
)
_CELL = (
    "padding:3px 10px;border-bottom:1px solid var(--jp-border-color2,#8884);"
    "text-align:{};vertical-align:top"
)


@dataclass(frozen=True)
class Table:
    """A small table to show: a title, a line under it, column names, rows of ready text."""

    title: str
    subtitle: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Aligned plain text."""
        widths = [
            max(len(cell) for cell in column)
            for column in zip(self.columns, *self.rows, strict=True)
        ]
        lines = [_line(row, widths) for row in (self.columns, *self.rows)] if self.columns else []
        return "\n".join([self.title, self.subtitle, *lines, *self.notes])

    def html(self) -> str:
        """The same as an HTML fragment; every text is escaped."""
        escape = html.escape
        head = "".join(_cell("th", escape(c), i) for i, c in enumerate(self.columns))
        body = "".join(
            "<tr>" + "".join(_cell("td", escape(c), i) for i, c in enumerate(row)) + "</tr>"
            for row in self.rows
        )
        notes = "".join(f"<div style='opacity:.75'>{escape(n)}</div>" for n in self.notes)
        return (
            f"<div style='{_STYLE}'><div style='font-weight:600'>{escape(self.title)}</div>"
            f"<div style='opacity:.75;margin-bottom:4px'>{escape(self.subtitle)}</div>"
            f"<table style='border-collapse:collapse'><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{notes}</div>"
        )


def _cell(tag: str, text: str, position: int) -> str:
    return f"<{tag} style='{_CELL.format('left' if position == 0 else 'right')}'>{text}</{tag}>"


def _line(row: Sequence[str], widths: Iterable[int]) -> str:
    first, *rest = [
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join([first, *rest]).rstrip()
