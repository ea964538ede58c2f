"""The page side of a widget: its module and style sheet, behind what all widgets share."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def module(*names: str) -> str:
    """An ES module: the shared elements, then the widget's own files."""
    return _joined("_shared.js", *names)


def style(*names: str) -> str:
    """A style sheet: frame, table and reading pane, then the widget's own files."""
    return _joined("_shared.css", "_table.css", "_pane.css", *names)


def _joined(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
