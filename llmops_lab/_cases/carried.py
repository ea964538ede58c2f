"""What another tool was given, as a table: what it has no place for, and what was masked."""

from collections.abc import Mapping

from llmops_lab._display import Table
from llmops_lab._privacy.counting import say_masks


def carried_table(title: str, lost: Mapping[str, int], masked: Mapping[str, int]) -> Table:
    """`lost` counts, per field, what has no place there; `masked`, per kind, the masks."""
    rows = [(name, str(n)) for name, n in sorted(lost.items())]
    says = "not carried" if rows else "everything was carried"
    notes = [said] if (said := say_masks(masked)) else []
    return Table(title, says, ("field", "cases") if rows else (), rows, notes)
