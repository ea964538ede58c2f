"""State of a table with a reading pane: which rows are shown, which window of them is sent."""

from typing import Any

import anywidget
import traitlets

from llmops_lab._display import Table

WINDOW_ROWS = 200
PICTURE_ROWS = 20
LONGEST_TEXT_CHARS = 50_000  # a browser takes seconds to lay out a megabyte
RUN_AGAIN = "As it was when this cell ran. Run it again to work with the widget."

# Before this our part of JupyterLab shows the widget, or its picture (extension/src/widget.ts).
_OURS = "application/vnd.llmops-lab.widget+json"


class TableWidget(anywidget.AnyWidget):
    """Shows some of many rows, in some order; one of them, at `cursor`, is read in full.

    The page gets a window of `WINDOW_ROWS` rows around what it scrolls to, never all. A widget
    says which rows to show (`_choose`), how one reads in the table (`_line`) and in full
    (`_detail_of`), each named by its position in the data.
    """

    # What to show; the page sets these.
    search = traitlets.Unicode("").tag(sync=True)
    sort = traitlets.List(["position", False]).tag(sync=True)
    start = traitlets.Int(0).tag(sync=True)
    cursor = traitlets.Int(0).tag(sync=True)

    # What is shown; Python sets these.
    columns = traitlets.List().tag(sync=True)
    n_shown = traitlets.Int(0).tag(sync=True)
    shown_text = traitlets.Unicode("").tag(sync=True)
    empty_text = traitlets.Unicode("").tag(sync=True)
    window = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[int] = []
        self.on_msg(self._receive)

    def __repr__(self) -> str:
        """What stands in a saved notebook where no widget can be shown."""
        return f"{type(self).__name__} ({self.shown_text}): run this cell to use it"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and as HTML a picture of it for where there is no kernel."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/html": self._picture().html(), _OURS: {}}, metadata

    def _picture(self) -> Table:
        """What is shown, in short, for a notebook that is only read."""
        raise NotImplementedError

    def _receive(self, _: object, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what the page asks; it asks for a sign of life when it is drawn."""
        if content.get("action") == "hello":
            self.send({"kind": "here"})
        else:
            self._act(content, buffers)

    def _act(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        raise NotImplementedError

    def _watch(self, *names: str) -> None:
        """Show anew what these traits choose, from now on."""
        self.observe(self._show, ["search", *names])
        self.observe(self._show_from_top, "sort")
        self.observe(self._send_window, "start")
        self.observe(self._send_detail, "cursor")

    def _choose(self) -> list[int]:
        raise NotImplementedError

    def _lines(self, positions: list[int]) -> list[dict[str, Any]]:
        raise NotImplementedError

    def _detail_of(self, position: int) -> dict[str, Any]:
        raise NotImplementedError

    def _n_rows(self) -> int:
        raise NotImplementedError

    def _show(self, _: object = None, *, from_top: bool = False) -> None:
        """Work out anew which rows are shown; the one being read stays if it still is."""
        read = None if from_top or not self._shown else self._shown[self.cursor]
        self._shown = self._choose()
        with self.hold_sync():
            self.n_shown = len(self._shown)
            self.shown_text = f"{len(self._shown):,} of {self._n_rows():,}"
            self.cursor = self._shown.index(read) if read in self._shown else 0
            self.start = max(0, self.cursor - WINDOW_ROWS // 2)
            self._send_window()
            self._send_detail()

    def _show_from_top(self, _: object) -> None:
        self._show(from_top=True)

    def _send_window(self, _: object = None) -> None:
        positions = self._shown[self.start : self.start + WINDOW_ROWS]
        self.window = {"start": self.start, "rows": self._lines(positions)}

    def _send_detail(self, _: object = None) -> None:
        """`rank` tells the page which cursor this answers; keys may have moved it on since."""
        is_there = 0 <= self.cursor < len(self._shown)
        detail = self._detail_of(self._shown[self.cursor]) if is_there else {}
        self.detail = {**detail, "rank": self.cursor}


def cut(text: str) -> str:
    """The text, its end left out where it is too long to show."""
    if len(text) <= LONGEST_TEXT_CHARS:
        return text
    left = len(text) - LONGEST_TEXT_CHARS
    return f"{text[:LONGEST_TEXT_CHARS]}…\n({left:,} more characters)"
