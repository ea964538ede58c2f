"""A dot with a bar for its interval, one line per thing measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from llmops_lab.plots._theme import WIDTH

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT: Final = 26
_MOST_ROWS: Final = 40


@dataclass(frozen=True)
class Dots:
    """Rows with `name`, `value`, `low`, `high` and `kind`; the kind decides the colour.

    `colors` maps kinds to colours, `axis` holds options of the value's axis, `domain` its ends,
    `tooltip` maps columns of the rows to their titles. A rule stands at `limit`.
    """

    rows: Sequence[Mapping[str, Any]]
    colors: Mapping[str, str]
    axis: Mapping[str, Any]
    tooltip: Mapping[str, str]
    domain: tuple[float, float] | None = None
    limit: float | None = None
    legend: bool = field(default=True)

    def chart(self) -> "alt.LayerChart":
        """The drawing; only the first 40 rows, more cannot be read."""
        import altair as alt

        shown = list(self.rows)[:_MOST_ROWS]
        base = alt.Chart(alt.Data(values=shown)).encode(
            y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(grid=False, labelLimit=260)),
            color=self._color(),
            tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in self.tooltip.items()],
        )
        ends = list(self.domain) if self.domain else alt.Undefined
        scale = alt.Scale(zero=False, domain=ends)
        x = alt.X("value:Q", title=None, axis=alt.Axis(grid=True, **self.axis), scale=scale)
        bar = base.mark_rule(strokeWidth=3, opacity=0.45, clip=True).encode(
            x=alt.X("low:Q"), x2="high:Q"
        )
        dot = base.mark_point(size=70, opacity=1).encode(x=x)
        layers: list[Any] = [*self._limits(), bar, dot]
        names = len({row["name"] for row in shown})
        return alt.LayerChart(layer=layers).properties(
            width=WIDTH, height=max(1, names) * _ROW_HEIGHT
        )

    def _color(self) -> "alt.Color":
        import altair as alt

        there = [kind for kind in self.colors if any(row["kind"] == kind for row in self.rows)]
        key = alt.Legend(title=None) if self.legend and len(there) > 1 else None
        scale = alt.Scale(domain=there, range=[self.colors[kind] for kind in there])
        return alt.Color("kind:N", scale=scale, legend=key)

    def _limits(self) -> "list[alt.Chart]":
        import altair as alt

        if self.limit is None:
            return []
        rule = alt.Chart(alt.Data(values=[{"limit": self.limit}]))
        return [rule.mark_rule(strokeDash=[4, 4], opacity=0.8).encode(x="limit:Q")]
