"""Each segment's change of share against the change of its answers: what grew and got worse."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from llmops_lab import _quantities as quantities
from llmops_lab._drift.quality import EVERYBODY
from llmops_lab._segments.table import shortened

if TYPE_CHECKING:
    import altair as alt

_WIDTH: Final = 620
_HEIGHT: Final = 260
_LONGEST_NAME: Final = 40
_GAP_PX: Final = 10
_EDGE_PX: Final = 7
_LETTER_PX: Final = 5.9
_LINE_PX: Final = 14
_MARK_PX: Final = 6
_POINTS: Final = "datum.value ? format(datum.value * 100, '+~r') : '0'"

Row = dict[str, Any]
Ends = tuple[float, float]
Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in pixels from the lower left corner."""
Label = tuple[str, str, Box]
"""What it says, on which side of its mark, and where."""

# What the upper corners say, and where a label is looked for: beside the mark, above and below.
_CORNERS: Final[tuple[Box, Box]] = (
    (0, _HEIGHT - 16, 132, _HEIGHT),
    (_WIDTH - 124, _HEIGHT - 16, _WIDTH, _HEIGHT),
)
_PLACES: Final = tuple(
    (side, height)
    for height in (_GAP_PX, -_GAP_PX, _GAP_PX + _LINE_PX, -_GAP_PX - _LINE_PX)
    for side in ("right", "left")
)


def share_against_answers(rows: Sequence[Row], color: "alt.Color", says: str) -> "alt.LayerChart":
    """A mark per segment with intervals both ways, its name beside it; up is worse.

    Rows have `change`, `low`, `high` (of share) and `worse`, `worse_low`, `worse_high` (of the
    rate that `says` names). A diamond is a new segment, held against all queries then; one
    without answers now, or with too few, stands as a tick on the lower edge.
    """
    import altair as alt

    ends = (_ends(rows, "low", "high"), _ends(rows, "worse_low", "worse_high"))
    named = _named([row | _measured(row) for row in rows], ends)
    base = alt.Chart(alt.Data(values=named)).encode(
        x=_axis(alt.X, "change", "change of share, points", ends[0]),
        y=_axis(alt.Y, "worse", f"change of {says}, points", ends[1]),
        color=color,
        tooltip=[alt.Tooltip(f"{name}:N", title=says) for name, says in _tooltip(says).items()],
    )
    known, unknown = (base.transform_filter(f"{sign}isValid(datum.worse)") for sign in ("", "!"))
    bar = known.mark_rule(strokeWidth=2, opacity=0.45)
    layers: list[Any] = [
        *_zeros(),
        *_corners(),
        bar.encode(x=alt.X("low:Q"), x2="high:Q"),
        bar.encode(y=alt.Y("worse_low:Q"), y2="worse_high:Q"),
        known.mark_point(size=90, opacity=1).encode(shape=_shape()),
        unknown.mark_tick(thickness=3, opacity=1, size=14).encode(y=alt.value(_HEIGHT - _EDGE_PX)),
        *_labels(named, ends),
    ]
    title = alt.Title(
        f"Share against {says}",
        subtitle="diamond: new, held against all queries then; tick: too few answers",
        fontSize=12,
        subtitleFontSize=11,
        offset=8,
    )
    return alt.LayerChart(layer=layers).properties(width=_WIDTH, height=_HEIGHT, title=title)


def _measured(row: Row) -> Row:
    """What the tooltip says of the answers."""
    if row["worse"] is None:
        return {"told": "too few answers in one window", "shape": "itself"}
    low, high = quantities.points(row["worse_low"]), quantities.points(row["worse_high"])
    new = row["against"] == EVERYBODY
    against = " against all queries then" if new else ""
    told = f"{quantities.points(row['worse'])} ({low} to {high}){against}"
    return {"told": told, "shape": EVERYBODY if new else "itself"}


def _tooltip(says: str) -> dict[str, str]:
    return {"name": "segment", "kind": "kind", "interval": "share, points", "told": says}


def _ends(rows: Sequence[Row], low: str, high: str) -> Ends:
    """Ends of an axis that holds zero and every interval, with room for marks."""
    values = [0.0, *(row[end] for row in rows for end in (low, high) if row[end] is not None)]
    room = 0.12 * (max(values) - min(values)) or 0.01
    return min(values) - room, max(values) + room


def _axis(kind: Any, field: str, title: str, ends: Ends) -> Any:
    import altair as alt

    axis = alt.Axis(labelExpr=_POINTS, grid=True, tickCount=6)
    return kind(f"{field}:Q", title=title, axis=axis, scale=alt.Scale(domain=ends, nice=False))


def _shape() -> "alt.Shape":
    import altair as alt

    scale = alt.Scale(domain=["itself", EVERYBODY], range=["circle", "diamond"])
    return alt.Shape("shape:N", scale=scale, legend=None)


def _zeros() -> "list[alt.Chart]":
    import altair as alt

    rule = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(opacity=0.8, strokeDash=[4, 4])
    return [rule.encode(x="zero:Q"), rule.encode(y="zero:Q")]


def _corners() -> "list[alt.Chart]":
    """What the upper corners mean."""
    import altair as alt

    left = alt.Chart(alt.Data(values=[{"says": "shrank, worse answers"}])).mark_text(
        align="left", baseline="top", fontSize=11, fontStyle="italic", opacity=0.7
    )
    right = alt.Chart(alt.Data(values=[{"says": "grew, worse answers"}])).mark_text(
        align="right", baseline="top", fontSize=11, fontStyle="italic", opacity=0.7
    )
    return [
        corner.encode(x=alt.value(x), y=alt.value(2), text="says:N")
        for corner, x in ((left, 4), (right, _WIDTH - 4))
    ]


def _labels(rows: Sequence[Row], ends: tuple[Ends, Ends]) -> "list[alt.Chart]":
    """Names in the text's own colour, on the side that has room."""
    import altair as alt

    base = alt.Chart(alt.Data(values=list(rows))).encode(
        x=alt.X("change:Q", scale=alt.Scale(domain=ends[0], nice=False)),
        y=alt.Y("label_at:Q", scale=alt.Scale(domain=ends[1], nice=False)),
        text="label:N",
    )
    right, left = (base.transform_filter(f"datum.side === '{side}'") for side in ("right", "left"))
    return [
        right.mark_text(align="left", dx=_GAP_PX, fontSize=11),
        left.mark_text(align="right", dx=-_GAP_PX, fontSize=11),
    ]


def _named(rows: Sequence[Row], ends: tuple[Ends, Ends]) -> list[Row]:
    """The rows with a label beside the mark, the side it stands on and its height.

    A name that would cover another label, a mark or an edge is cut to its number, which the
    panels above tell the name of.
    """
    across, up = ends
    per_px = (up[1] - up[0]) / _HEIGHT
    marks: list[Point] = []
    for row in rows:
        at = up[0] + _EDGE_PX * per_px if row["worse"] is None else row["worse"]
        x = (row["change"] - across[0]) / (across[1] - across[0]) * _WIDTH
        marks.append((x, (at - up[0]) / per_px))
    fixed = [*map(_around, marks), *_CORNERS]
    # First every number, so that no name takes the last place of another's.
    placed: list[Label] = []
    for row, mark in zip(rows, marks, strict=True):
        number = row["name"].partition(".")[0]
        taken = [*fixed, *(box for _, _, box in placed)]
        alone = number, "right", _box(number, mark, "right", _GAP_PX)
        placed.append(_placed(number, mark, taken, _PLACES) or alone)
    for i, (row, mark) in enumerate(zip(rows, marks, strict=True)):
        taken = [*fixed, *(box for j, (_, _, box) in enumerate(placed) if j != i)]
        whole = _placed(shortened(row["name"], _LONGEST_NAME), mark, taken, _PLACES[:4])
        placed[i] = whole or placed[i]
    return [
        {**row, "label": label, "side": side, "label_at": up[0] + (box[1] + box[3]) / 2 * per_px}
        for row, (label, side, box) in zip(rows, placed, strict=True)
    ]


def _placed(
    label: str, mark: Point, taken: Sequence[Box], places: Sequence[tuple[str, float]]
) -> Label | None:
    """The label at the first place by its mark where it covers nothing, if there is one."""
    for side, height in places:
        box = _box(label, mark, side, height)
        inside = box[0] >= 0 and box[2] <= _WIDTH and box[1] >= 0 and box[3] <= _HEIGHT
        if inside and not any(_overlap(box, other) for other in taken):
            return label, side, box
    return None


def _box(label: str, mark: Point, side: str, height: float) -> Box:
    width = len(label) * _LETTER_PX
    left = mark[0] + _GAP_PX if side == "right" else mark[0] - _GAP_PX - width
    middle = mark[1] + height
    return left, middle - _LINE_PX / 2, left + width, middle + _LINE_PX / 2


def _around(mark: Point) -> Box:
    return mark[0] - _MARK_PX, mark[1] - _MARK_PX, mark[0] + _MARK_PX, mark[1] + _MARK_PX


def _overlap(first: Box, second: Box) -> bool:
    across = first[0] < second[2] and second[0] < first[2]
    return across and first[1] < second[3] and second[1] < first[3]
