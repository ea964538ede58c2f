"""An eval run as pass rates: one line per scorer, or per group of cases."""

from typing import TYPE_CHECKING, Any

from llmops_lab import _quantities as quantities
from llmops_lab._runs.pass_rates import ALL
from llmops_lab.evals import EvalRun
from llmops_lab.plots._dots import Dots
from llmops_lab.plots._registry import plots
from llmops_lab.plots._theme import BLUE

if TYPE_CHECKING:
    import altair as alt


@plots.register("EvalRun")
def plot_run(run: EvalRun, *, by: str | None = None, scorer: str | None = None) -> "alt.LayerChart":
    """The share of answers that passed, with 95 % intervals, per scorer or per group `by`.

    `by` is one of tags, split, cluster, severity, label, model; it shows all scorers together,
    or the one named `scorer`. Raises LabError for another `by`.
    """
    rates = run.rates(by)
    if by is None:
        rows = [_row(rate, rate["scorer"]) for rate in rates.iter_rows(named=True)]
    else:
        wanted = scorer or rates["scorer"][0]
        groups = rates.filter(scorer=wanted).sort("rate", nulls_last=True)
        rows = [_row(rate, rate[by]) for rate in groups.iter_rows(named=True)]
    of = f" by {by}" if by else ""
    dots = Dots(
        [row for row in rows if row["value"] is not None],
        colors={"rate": BLUE},
        axis={"format": "~%", "tickCount": 5},
        tooltip={"name": "of", "rate": "passed", "interval": "95 % interval", "count": "answers"},
        domain=(0.0, 1.0),
    )
    return dots.chart().properties(title=_title(run, of))


def _row(rate: dict[str, Any], name: str | None) -> dict[str, Any]:
    shown = {ALL: "all scorers", None: "none"}.get(name, name)
    return {
        "name": shown,
        "kind": "rate",
        "value": rate["rate"],
        "low": rate["rate_low"],
        "high": rate["rate_high"],
        "rate": quantities.percent(rate["rate"]),
        "interval": quantities.interval(rate["rate_low"], rate["rate_high"], quantities.percent),
        "count": f"{rate['n_passed']:,} of {rate['n']:,}",
    }


def _title(run: EvalRun, of: str) -> "alt.Title":
    import altair as alt

    cases = quantities.count(len(run.plan.cases))
    return alt.Title(
        f"Answers of {run.plan.target} that passed{of}", subtitle=f"{cases} cases; 95 % intervals"
    )
