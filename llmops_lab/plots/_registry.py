"""Where plots are filed: one function per noun, under its class name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from llmops_lab._registry import Registry

if TYPE_CHECKING:
    from altair.typing import ChartType

Plotter = Callable[..., "ChartType"]
"""From a result, and options of its own, to an Altair chart."""

plots: Registry[Plotter] = Registry("plot", "llmops_lab.plots")
