"""Charts that wear our theme and show themselves without a network.

Altair's default renderer loads Vega from a CDN. The charts made here carry their Vega-Lite
specification in the output instead (`application/vnd.vegalite.v6+json`), which our JupyterLab
extension draws, also in a saved notebook that has no kernel. Altair's own renderer and theme
stay as they are: nothing else in the notebook looks different.
"""

from functools import cache
from typing import Any

from llmops_lab.plots._theme import themed

# With `+json`: a notebook file may hold an object only under such a name (nbformat's schema).
VEGALITE = "application/vnd.vegalite.v6+json"


class Dressed:
    """What a chart made by `plot` does differently; charts combined from one do the same."""

    def to_dict(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The Vega-Lite specification, with our theme under what the chart sets itself."""
        specification = super().to_dict(*args, **options)  # type: ignore[misc]
        inner = not (options.get("context") or {}).get("top_level", True)
        return specification if inner else themed(specification)

    def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, Any]:
        fallback = f"<{type(self).__name__}: drawn by the JupyterLab extension of llmops_lab>"
        return {VEGALITE: self.to_dict(), "text/plain": fallback}

    def __or__(self, other: object) -> Any:
        return dressed(super().__or__(other))  # type: ignore[misc]

    def __and__(self, other: object) -> Any:
        return dressed(super().__and__(other))  # type: ignore[misc]

    def __add__(self, other: object) -> Any:
        return dressed(super().__add__(other))  # type: ignore[misc]


def dressed(chart: Any) -> Any:
    """The same Altair chart, of a class that wears our theme and needs no network."""
    if isinstance(chart, Dressed):
        return chart
    copy = chart.copy(deep=False)
    # Altair's own __setattr__ would file this as a property of the chart.
    object.__setattr__(copy, "__class__", _dressed_class(type(chart)))
    return copy


@cache
def _dressed_class(kind: type) -> type:
    return type(kind.__name__, (Dressed, kind), {})
