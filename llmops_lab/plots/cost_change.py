"""A CostChange as steps from what a trace cost to what it costs."""

from typing import TYPE_CHECKING, Any, Final

from llmops_lab import _quantities as quantities
from llmops_lab.cost_change import CostChange
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BASELINE, BETTER, CURRENT, WORSE

if TYPE_CHECKING:
    import altair as alt

_STEP_HEIGHT: Final = 26
_LABEL_LIMIT: Final = 380
_PLOT_WIDTH: Final = 440


@plots.register("CostChange")
def plot_cost_change(change: CostChange) -> "alt.LayerChart":
    """Bars from the baseline's cost per trace, one per reason, to the current one's."""
    import altair as alt

    steps = _steps(change)
    base = alt.Chart(alt.Data(values=steps)).encode(
        y=alt.Y(
            "label:N",
            sort=None,
            title=None,
            axis=alt.Axis(grid=False, labelLimit=_LABEL_LIMIT, domain=False),
        ),
    )
    kinds = {"before": BASELINE, "dearer": WORSE, "cheaper": BETTER, "now": CURRENT}
    color = alt.Color(
        "kind:N", scale=alt.Scale(domain=[*kinds], range=[*kinds.values()]), legend=None
    )
    axis = alt.Axis(format="$~r", tickCount=5, grid=True)
    bars = base.mark_bar(height=14, cornerRadius=2).encode(
        x=alt.X("from:Q", title="US dollars per trace", axis=axis),
        x2="to:Q",
        color=color,
        tooltip=[alt.Tooltip("why:N"), alt.Tooltip("text:N", title="per trace")],
    )
    words = base.mark_text(align="left", dx=6, fontSize=11).encode(x="end:Q", text="text:N")
    title = alt.Title("Cost per trace, and why it changed", frame="bounds")
    height = len(steps) * _STEP_HEIGHT
    return alt.LayerChart(layer=[bars, words]).properties(
        width=_PLOT_WIDTH, height=height, title=title
    )


def _steps(change: CostChange) -> list[dict[str, Any]]:
    """The baseline, every main effect on top of what came before, the rest, and the present."""
    at = change.baseline_usd_per_trace
    steps = [_step("before", "before", 0.0, at, quantities.dollars(at))]
    effects = change.main_effects
    pairs = [*effects.select("reason", "usd_per_trace").iter_rows()]
    smaller = change.frame.height - effects.height
    if smaller:
        rest = change.usd_per_trace - float(effects["usd_per_trace"].sum())
        pairs.append((quantities.counted(smaller, "smaller effect"), rest))
    for reason, usd in pairs:
        kind = "dearer" if usd > 0 else "cheaper"
        sign = "+" if usd > 0 else ""
        steps.append(_step(reason, kind, at, at + usd, f"{sign}{quantities.dollars(usd)}"))
        at += usd
    now = change.current_usd_per_trace
    return [*steps, _step("now", "now", 0.0, now, quantities.dollars(now))]


def _step(why: str, kind: str, start: float, stop: float, text: str) -> dict[str, Any]:
    """One bar; its label leaves the numbers in brackets to the tooltip."""
    label = why.partition(" (")[0]
    ends = {"from": start, "to": stop, "end": max(start, stop)}
    return {"why": why, "label": label, "kind": kind, "text": text, **ends}
