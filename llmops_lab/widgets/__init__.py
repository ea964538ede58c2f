"""Widgets over results: `explore` takes any of them."""

from typing import Any

from llmops_lab.errors import LabError
from llmops_lab.widgets._registry import explorers


def explore(result: object, **options: Any) -> Any:
    """A widget of any result, to read, sort, filter and act on.

    `options` are those of the result's own widget;
    `help(llmops_lab.widgets.explorers["EvalRun"])` shows them. Works without a network.
    Raises LabError for something that has no widget.
    """
    name = type(result).__name__
    if name not in explorers:
        raise LabError(f"explore() cannot show a {name}; it shows: {', '.join(explorers)}")
    return explorers[name](result, **options)
