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
_LETTER_PX: Final = 6.2
_LINE_PX: Final = 15
_POINTS: Final = "datum.value ? format(datum.value * 100, '+~r') : '0'"

Row = dict[str, Any]
Ends = tuple[float, float]


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
    """The rows with a label, the side it stands on and its height: none over another."""
    across, up = ends
    per_px = (up[1] - up[0]) / _HEIGHT
    taken: list[tuple[float, float, float]] = []
    named: list[Row] = []
    for row in rows:
        label = shortened(row["name"], _LONGEST_NAME)
        x = (row["change"] - across[0]) / (across[1] - across[0]) * _WIDTH
        width = len(label) * _LETTER_PX + _GAP_PX
        side = "right" if x + width < _WIDTH else "left"
        left = x if side == "right" else x - width
        at = up[0] + _EDGE_PX * per_px if row["worse"] is None else row["worse"]
        y = (at - up[0]) / per_px + _GAP_PX
        while any(
            start < left + width and left < end and abs(y - other) < _LINE_PX
            for start, end, other in taken
        ):
            y += _LINE_PX
        taken.append((left, left + width, y))
        named.append({**row, "label": label, "side": side, "label_at": up[0] + y * per_px})
    return named
