"""Charts of results: `plot` takes any of them."""

from typing import TYPE_CHECKING, Any

from llmops_lab.errors import LabError
from llmops_lab.plots._dressed import dressed
from llmops_lab.plots._registry import plots

if TYPE_CHECKING:
    from altair.typing import ChartType


def plot(result: object, **options: Any) -> "ChartType":
    """An Altair chart of any result: a Summary, a DriftReport, an EvalRun …

    `options` are those of the result's own plot; `help(llmops_lab.plots.plots["Summary"])`
    shows them. The chart is an ordinary Altair chart that can be changed, combined and saved;
    it shows itself in JupyterLab without a network (see `plots._dressed`).
    Raises LabError for something that has no plot.
    """
    name = type(result).__name__
    if name not in plots:
        raise LabError(f"plot() cannot draw a {name}; it draws: {', '.join(plots)}")
    return dressed(plots[name](result, **options))
