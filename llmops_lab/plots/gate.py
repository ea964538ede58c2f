"""A verdict as a picture: each metric with its bounds against the limit, each budget's use."""

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from llmops_lab.errors import LabError
from llmops_lab.gate import Check, Verdict
from llmops_lab.plots._dots import Dots
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BETTER, GREY, WORSE

if TYPE_CHECKING:
    import altair as alt

_COLORS: Final = {"pass": BETTER, "inconclusive": GREY, "fail": WORSE}
_TOOLTIP: Final = {"name": "check", "kind": "outcome", "says": "finding"}


@plots.register("Verdict")
def plot_verdict(verdict: Verdict) -> "alt.VConcatChart":
    """Metrics with one-sided bounds and the limit as a dashed line; budgets as shares of theirs.

    Raises LabError when no check of the verdict has a number to draw.
    """
    import altair as alt

    metrics = [_row(check) for check in verdict.checks if "low" in check.numbers]
    budgets = [_budget(c) for c in verdict.checks if _is_budget(c)]
    panels: list[Any] = []
    if metrics:
        axis = {"labelExpr": "datum.value ? format(datum.value * 100, '+~r') : '0'", "tickCount": 6}
        limit = metrics[0]["limit"]
        drawn = Dots(metrics, _COLORS, axis, _TOOLTIP, limit=limit, domain=_domain(metrics))
        head = "Change, points" if limit <= 0 else "Share that passed, %"
        panels.append(drawn.chart().properties(title=alt.Title(head, fontSize=12)))
    if budgets:
        use = Dots(budgets, _COLORS, {"format": "~%", "tickCount": 5}, _TOOLTIP, limit=1.0)
        head = alt.Title("Use of each budget", fontSize=12)
        panels.append(use.chart().properties(title=head))
    if not panels:
        raise LabError("this verdict has no number to draw; print it to read its reasons")
    against = f" against {verdict.baseline_run_id}" if verdict.baseline_run_id else ""
    title = alt.Title(f"Gate: {verdict.outcome}", subtitle=f"run {verdict.run_id}{against}")
    return alt.vconcat(*panels, title=title).resolve_scale(color="independent")


def _row(check: Check) -> dict[str, Any]:
    numbers = {key: check.numbers[key] for key in ("value", "low", "high", "limit")}
    ends = {key: value if isfinite(value) else None for key, value in numbers.items()}
    return {"name": check.name, "kind": check.outcome, "says": check.says, **ends}


def _is_budget(check: Check) -> bool:
    return "low" not in check.numbers and bool(check.numbers.get("limit"))


def _budget(check: Check) -> dict[str, Any]:
    value = check.numbers["value"]
    share = None if value is None else value / check.numbers["limit"]
    return {
        "name": check.name,
        "kind": check.outcome,
        "says": check.says,
        "value": share,
        "low": 0.0,
        "high": share,
    }


def _domain(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """All that is to be seen, and a little room beside it; a comparison always shows zero."""
    seen = [row[key] for row in rows for key in ("value", "low", "high", "limit")]
    there = [value for value in seen if value is not None]
    ends = [*there, 0.0] if min(there) < 0 else there
    room = 0.05 * (max(ends) - min(ends)) or 0.01
    return min(ends) - room, max(ends) + room
