"""Where widgets are filed: one function per noun, under its class name."""

from collections.abc import Callable
from typing import Any

from llmops_lab._registry import Registry

Explorer = Callable[..., Any]
"""From a result, and options of its own, to an ipywidgets widget."""

explorers: Registry[Explorer] = Registry("explorer", "llmops_lab.widgets")
