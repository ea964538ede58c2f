"""Live segments by their share of traffic, and how many golden cases each has."""

from typing import TYPE_CHECKING, Any, Final

from llmops_lab import _quantities as quantities
from llmops_lab.coverage import Coverage
from llmops_lab.errors import LabError
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BLUE, GREY, WIDTH, WORSE

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT: Final = 20
_MOST_ROWS: Final = 40
_COLORS: Final = {"cases": BLUE, "only cases to review": GREY, "no case": WORSE}
_TOOLTIP: Final = {
    "name": "segment",
    "share_text": "share of queries",
    "cases": "cases",
    "nearest": "nearest case",
}


@plots.register("Coverage")
def plot_coverage(coverage: Coverage) -> "alt.LayerChart":
    """Share of queries per segment, coloured by whether golden cases ask the same.

    The number at a bar is that of its cases. At most 40 segments. Raises LabError without any.
    """
    import altair as alt

    rows = [_row(row) for row in coverage.frame.head(_MOST_ROWS).iter_rows(named=True)]
    if not rows:
        raise LabError("no segment to draw: too few queries, or too scattered")
    there = [kind for kind in _COLORS if any(row["kind"] == kind for row in rows)]
    scale = alt.Scale(domain=there, range=[_COLORS[kind] for kind in there])
    axis = alt.Axis(format="~%", grid=True, tickCount=5)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("share:Q", title="share of queries", axis=axis),
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=300)),
        color=alt.Color("kind:N", scale=scale, legend=alt.Legend(title=None)),
        tooltip=[alt.Tooltip(f"{name}:N", title=says) for name, says in _TOOLTIP.items()],
    )
    counts = base.mark_text(align="left", dx=5, fontSize=11).encode(text="cases:N")
    layers: list[Any] = [base.mark_bar(height=11), counts]
    title = alt.Title("Which live segments have golden cases", subtitle=_wrapped(coverage.says))
    return alt.LayerChart(layer=layers).properties(
        width=WIDTH - 200, height=len(rows) * _ROW_HEIGHT, title=title
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    kind = (
        "cases" if row["n_cases"] else "only cases to review" if row["n_to_review"] else "no case"
    )
    likeness = "" if row["likeness"] is None else f" ({row['likeness']:.2f})"
    return {
        "name": f"{row['segment'] + 1}. {row['name']}",
        "share": row["share"],
        "share_text": quantities.percent(row["share"]),
        "kind": kind,
        "cases": str(row["n_cases"]),
        "nearest": f"{row['nearest_case'] or quantities.UNKNOWN}{likeness}",
    }


def _wrapped(text: str, width: int = 90) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)
