"""Points on a map in named groups, the texts behind them, and a lasso to choose some."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
import traitlets
from numpy.typing import NDArray

from llmops_lab._display import Table
from llmops_lab.plots._theme import PALETTE
from llmops_lab.widgets._better_map import BetterMap
from llmops_lab.widgets._page import module, style
from llmops_lab.widgets._run_rows import seconds
from llmops_lab.widgets._table_widget import PICTURE_ROWS, RUN_AGAIN, TableWidget, cut

PREVIEW_CHARS = 160
_GOLDEN_TURN = 0.381966


@dataclass(frozen=True)
class Group:
    """One group of points as it is listed and read."""

    title: str
    cells: Sequence[str]
    facts: Sequence[tuple[str, str]] = ()
    words: Sequence[str] = ()
    exemplars: Sequence[str] = ()
    code: str = ""


@dataclass(frozen=True)
class MapData:
    """What a map shows: `positions` (n, 2), `membership` (n,) with −1 for none, the groups.

    `is_current` (n,) tells two windows apart; None for a map of one. `texts`, if known, has a
    row per point with at least the column `text`. With `matrix`, the vectors of the points,
    `positions` is what is shown until UMAP has found better ones.
    """

    positions: NDArray[np.float32]
    membership: NDArray[np.int64]
    groups: Sequence[Group]
    columns: Sequence[tuple[str, bool]]
    title: str
    subtitle: str
    is_current: NDArray[np.bool_] | None = None
    texts: pl.DataFrame | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    matrix: NDArray[np.float32] | None = None


class MapExplorer(TableWidget):
    """State of the widget; map_explorer.js draws it and sends back what the person chooses.

    `selected` gives the rows behind what is chosen, for code to go on with.
    """

    _esm = module("_map_canvas.js", "_map_panes.js", "map_explorer.js")
    _css = style("map_explorer.css")

    # What to show; the page sets these.
    chosen = traitlets.Int(-1).tag(sync=True)
    point = traitlets.Int(-1).tag(sync=True)

    # What is shown; Python sets these. Points travel as float32, groups as int16.
    title = traitlets.Unicode("").tag(sync=True)
    subtitle = traitlets.Unicode("").tag(sync=True)
    notes = traitlets.List().tag(sync=True)
    points = traitlets.Bytes(b"").tag(sync=True)
    membership = traitlets.Bytes(b"").tag(sync=True)
    is_current = traitlets.Bytes(b"").tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    group_columns = traitlets.List().tag(sync=True)
    groups = traitlets.List().tag(sync=True)
    group = traitlets.Dict().tag(sync=True)
    has_texts = traitlets.Bool(False).tag(sync=True)
    n_lassoed = traitlets.Int(0).tag(sync=True)
    # Of the better map: text, share (0 … 1 or null), coming; {} when there is nothing to say.
    map_state = traitlets.Dict().tag(sync=True)

    def __init__(self, data: MapData) -> None:
        super().__init__()
        self.data = data
        self._texts = _table_of(data)
        self._lassoed: list[int] = []
        self._better = BetterMap(data.matrix, say=self._say, swap=self._swap)
        with self.hold_sync():
            self.title, self.subtitle, self.notes = data.title, data.subtitle, list(data.notes)
            self.points = unit_square(data.positions).tobytes()
            self.membership = data.membership.astype("<i2").tobytes()
            now = data.is_current
            self.is_current = b"" if now is None else now.astype(np.uint8).tobytes()
            self.labels = _labels(data)
            self.group_columns = [{"label": label, "numeric": n} for label, n in data.columns]
            self.groups = [_listed(i, group) for i, group in enumerate(data.groups)]
            self.has_texts = data.texts is not None
            self.columns = _columns(self._texts)
            self.empty_text = "No text is like that."
            self._show()
        self._watch("chosen")
        self.observe(self._read_point, "point")

    @property
    def selected(self) -> pl.DataFrame:
        """The rows behind the points that are shown, in the map's order."""
        texts = self._texts if self.data.texts is None else self.data.texts
        return texts[sorted(self._shown)]

    def _show(self, _: object = None, *, from_top: bool = False) -> None:
        group = self.data.groups[self.chosen] if self.chosen >= 0 else None
        self.group = {} if group is None else _in_full(self.chosen, group)
        super()._show(from_top=from_top)

    def _choose(self) -> list[int]:
        column, descending = self.sort
        return (
            self._texts.filter(
                pl.col("group") == self.chosen if self.chosen >= 0 else pl.lit(True),
                pl.col("position").is_in(self._lassoed) if self._lassoed else pl.lit(True),
                pl.col("text").str.to_lowercase().str.contains(self.search.lower(), literal=True),
            )
            .sort(str(column), descending=bool(descending), nulls_last=True, maintain_order=True)[
                "position"
            ]
            .to_list()
        )

    def lasso(self, positions: Sequence[int]) -> None:
        """Choose these points, by their position; none chooses all again."""
        self._lassoed = [int(position) for position in positions]
        with self.hold_sync():
            self.n_lassoed = len(self._lassoed)
            self._show()

    def _act(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        action = content.get("action")
        if action == "lasso":
            self.lasso(np.frombuffer(buffers[0], dtype="<u4").tolist() if buffers else [])
        elif action == "drawn":
            self._better.shown()
        elif action == "closed":
            self._better.hidden()
        elif action == "stop_map":
            self._better.give_up()

    def close(self) -> None:
        """Remove the widget from the page; a map that was being made is given up."""
        self._better.give_up()
        super().close()

    def _say(self, text: str, share: float | None, *, coming: bool) -> None:
        self.map_state = {"text": text, "share": share, "coming": coming} if text else {}

    def _swap(self, positions: NDArray[np.float32]) -> None:
        """Show these positions from now on."""
        self.data = replace(self.data, positions=positions)
        with self.hold_sync():
            self.points = unit_square(positions).tobytes()
            self.labels = _labels(self.data)
            self.map_state = {}

    def _n_rows(self) -> int:
        return len(self._texts)

    def _picture(self) -> Table:
        groups = self.data.groups[:PICTURE_ROWS]
        left = len(self.data.groups) - len(groups)
        return Table(
            self.title,
            self.subtitle,
            tuple(label for label, _ in self.data.columns),
            [tuple(group.cells) for group in groups],
            [*([f"and {left:,} more"] if left else []), *self.notes],
            [RUN_AGAIN],
        )

    def _lines(self, positions: list[int]) -> list[dict[str, Any]]:
        names = [column["name"] for column in self.columns]
        return [
            {"cells": [_cell(name, row[name]) for name in names], "group": row["group"]}
            for row in self._texts[positions].iter_rows(named=True)
        ]

    def _detail_of(self, position: int) -> dict[str, Any]:
        if self.data.texts is None:
            return {"position": position}
        row = self.data.texts.row(position, named=True)
        member = int(self.data.membership[position])
        facts = [
            row.get("model"),
            row.get("user_id"),
            None if row.get("start_time") is None else f"{row['start_time']:%d %b %Y %H:%M}",
            seconds(row.get("duration_s")),
            None if row.get("cost_usd") is None else f"${row['cost_usd']:.4f}",
        ]
        return {
            "position": position,
            "id": row.get("trace_id") or f"row {position}",
            "group": member,
            "group_title": self.data.groups[member].title if member >= 0 else "in no segment",
            "facts": " · ".join(str(fact) for fact in facts if fact),
            "input": cut(row["text"] or ""),
            "output": cut(row.get("output_text") or ""),
        }

    def _read_point(self, _: object) -> None:
        """Read the text of the point that was clicked; show all where it is not among these."""
        if not 0 <= self.point < len(self._texts):
            return
        if self.point not in self._shown:
            with self.hold_sync():
                self.chosen, self.search = -1, ""
                self.lasso([])
        self.cursor = self._shown.index(self.point)


def unit_square(positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Positions moved and scaled to fill 0 … 1 each way, y upwards.

    The outermost 1 % on each side are drawn at the edge: a few far points would leave the rest
    a speck.
    """
    if not len(positions):
        return positions.astype("<f4")
    low, high = np.quantile(positions, (0.01, 0.99), axis=0)
    size = np.where(high > low, high - low, 1.0)
    return np.clip((positions - low) / size, -0.04, 1.04).astype("<f4")


def colour_of(index: int) -> str:
    """A colour for the group: those of the charts first, then turns of the colour circle."""
    if index < len(PALETTE) - 1:
        return PALETTE[index]
    red, green, blue = colorsys.hls_to_rgb(index * _GOLDEN_TURN % 1, 0.52, 0.55)
    return f"#{int(red * 255):02x}{int(green * 255):02x}{int(blue * 255):02x}"


def _table_of(data: MapData) -> pl.DataFrame:
    n = len(data.membership)
    own = {"position": range(n), "group": data.membership}
    table = pl.DataFrame(own, schema={"position": pl.Int64, "group": pl.Int64})
    if data.texts is None:
        return table.with_columns(text=pl.lit(""))
    there = [name for name in ("model", "duration_s") if name in data.texts.columns]
    table = table.with_columns(data.texts["text"].fill_null(""), *data.texts.select(there))
    if data.is_current is None:
        return table
    names = pl.Series(np.where(data.is_current, "now", "before"))
    return table.with_columns(names.alias("window"))


def _columns(texts: pl.DataFrame) -> list[dict[str, Any]]:
    known = [
        ("text", "Asked", False),
        ("window", "When", False),
        ("model", "Model", False),
        ("duration_s", "Time", True),
    ]
    return [
        {"name": name, "label": label, "numeric": numeric, "wide": name == "text"}
        for name, label, numeric in known
        if name in texts.columns
    ]


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float) and name == "duration_s":
        return seconds(value)
    return " ".join(str(value or "")[:PREVIEW_CHARS].split())


def _labels(data: MapData) -> list[dict[str, Any]]:
    """A name for each group at the median of its points."""
    places = unit_square(data.positions)
    members = [data.membership == index for index in range(len(data.groups))]
    return [
        {"group": index, "text": group.title, "x": float(x), "y": float(y)}
        for index, group in enumerate(data.groups)
        if members[index].any()
        for x, y in [np.median(places[members[index]], axis=0)]
    ]


def _listed(index: int, group: Group) -> dict[str, Any]:
    return {"title": group.title, "cells": list(group.cells), "colour": colour_of(index)}


def _in_full(index: int, group: Group) -> dict[str, Any]:
    return {
        "title": group.title,
        "colour": colour_of(index),
        "facts": [list(fact) for fact in group.facts],
        "words": list(group.words),
        "exemplars": [cut(text) for text in group.exemplars],
        "code": group.code,
    }
