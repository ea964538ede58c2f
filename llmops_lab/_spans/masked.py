"""Spans and side tables without personal data and secrets."""

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Final

import polars as pl

from llmops_lab._privacy.counting import masks_in, say_masks
from llmops_lab._privacy.masker import Masker
from llmops_lab.errors import RedactionWarning

# What joins tables and groups rows holds no text of a person, and must stay to be joined.
_KEPT: Final = (
    "source_format",
    "source_file",
    "trace_id",
    "span_id",
    "root_span_id",
    "parent_span_id",
    "response_id",
    "tool_call_id",
    "cost_source",
    "finish_reasons",
)


def masked_table(table: pl.DataFrame, masker: Masker, *, user_ids: bool = False) -> pl.DataFrame:
    """The table with masks in its texts; `user_ids` masks every user id, whatever it looks like."""
    masked = masker.frame(table, kept=_KEPT)
    if not user_ids or "user_id" not in masked.columns:
        return masked
    users = table["user_id"].unique().drop_nulls()
    masks = [masker.mask("user", user) for user in users]
    return masked.with_columns(table["user_id"].replace(users, pl.Series(masks, dtype=pl.String)))


def masked_for_writing(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with masks, and a warning that counts them where the tables had none before."""
    masker = Masker()
    masked = {name: masked_table(table, masker) for name, table in tables.items()}
    changed = [name for name, table in tables.items() if not table.equals(masked[name])]
    if changed:
        counts = sum((masks_in(masked[name]) for name in changed), Counter[str]())
        says = f"{say_masks(counts)}; redacted=False keeps them"
        warnings.warn(says, RedactionWarning, stacklevel=3)
    return masked
