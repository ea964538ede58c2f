"""Two runs as changes: all cases first, then each group."""

from typing import TYPE_CHECKING, Any, Final

from llmops_lab import _quantities as quantities
from llmops_lab.comparison import Comparison
from llmops_lab.plots._dots import Dots
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BETTER, GREY, WORSE

if TYPE_CHECKING:
    import altair as alt

_ALPHA: Final = 0.05
_COLORS: Final = {"worse": WORSE, "not clear": GREY, "better": BETTER}


@plots.register("Comparison")
def plot_comparison(comparison: Comparison) -> "alt.LayerChart":
    """The paired change of the metric with 95 % intervals; groups are coloured where it is clear.

    Clear means an adjusted p-value below 0.05.
    """
    import altair as alt

    rows = [_row(row) for row in comparison.frame.iter_rows(named=True)]
    tooltip = {
        "name": "cases",
        "before": "before",
        "now": "now",
        "change": "change",
        "interval": "95 % interval",
        "cases": "better, worse, all",
    }
    axis = {"labelExpr": "datum.value ? format(datum.value * 100, '+~r') : '0'", "tickCount": 6}
    chart = Dots(rows, _COLORS, axis, tooltip, limit=0.0).chart()
    title = f"Change in {comparison.metric}, points"
    by = f" by {comparison.by}" if comparison.by else ""
    subtitle = f"{comparison.baseline_run_id} → {comparison.run_id}{by}; 95 % intervals"
    return chart.properties(title=alt.Title(title, subtitle=subtitle))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    p_value = row["p_value"] if row["group"] is None else row["p_adjusted"]
    way = "better" if row["change"] > 0 else "worse"
    low, high = quantities.points(row["change_low"]), quantities.points(row["change_high"])
    return {
        "name": row["group"] or "all cases",
        "kind": way if p_value < _ALPHA else "not clear",
        "value": row["change"],
        "low": row["change_low"],
        "high": row["change_high"],
        "before": quantities.percent(row["baseline"]),
        "now": quantities.percent(row["current"]),
        "change": quantities.points(row["change"]),
        "interval": f"{low} to {high}",
        "cases": f"{row['improved']}, {row['worsened']}, {row['n']}",
    }
