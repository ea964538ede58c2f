"""Take personal data and secrets out of traces, cases, tables and texts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import polars as pl

from llmops_lab._cases.case import Case
from llmops_lab._cases.masked import masked_case, texts_of
from llmops_lab._privacy.counting import count_masks, masks_in
from llmops_lab._privacy.finding import KINDS
from llmops_lab._privacy.masker import Masker
from llmops_lab._spans.masked import masked_table
from llmops_lab._spans.schema import SIDE_TABLES
from llmops_lab.errors import LabError
from llmops_lab.golden import GoldenSet
from llmops_lab.traces import Traces

__all__ = ["KINDS", "count_masked", "redact"]

What = TypeVar("What", str, Case, GoldenSet, Traces, pl.DataFrame, pl.Series, list[Any])


def redact(
    what: What,
    *,
    names: Iterable[str] = (),
    kinds: Iterable[str] = KINDS,
    user_ids: bool = False,
    key: str | bytes | None = None,
) -> What:
    """The same traces, cases, table, list or text with masks such as `[EMAIL_3f2a9c1b]`.

    Kinds: `key` (API keys, tokens, passwords), `email`, `account` (IBAN), `card`, `ssn`, `ip`,
    `phone`, and `name`: the `names` given, in any case. Names that are not given, postal
    addresses and dates of birth stay. JSON stays JSON, and redacting twice changes nothing.
    `user_ids` also masks every user id of traces; without it only one that is an e-mail address
    and the like.

    The same value gets the same mask: the first 8 hex digits of HMAC-SHA256 (RFC 2104) under a
    key, so that nobody without the key can try out which phone number a mask stands for. The
    key is `key`, or else the variable LLMOPS_LAB_REDACTION_KEY (give a team one key, and its
    masks agree), or else a random one kept in ~/.llmops_lab/redaction.key.

    Raises LabError for an unknown kind and for something that is none of these.
    """
    secret = key.encode() if isinstance(key, str) else key
    masker = Masker(names=tuple(names), kinds=tuple(kinds), key=secret)
    return _redacted(what, masker, user_ids=user_ids)


def count_masked(
    what: Traces | GoldenSet | Case | pl.DataFrame | pl.Series | str,
) -> dict[str, int]:
    """How many masks of each kind stand in it; kinds without one are left out."""
    if isinstance(what, Traces):
        tables = [what.spans, *(getattr(what, name) for name in SIDE_TABLES)]
        return dict(sum((masks_in(table) for table in tables), count_masks(())))
    if isinstance(what, pl.DataFrame | pl.Series):
        return dict(masks_in(what if isinstance(what, pl.DataFrame) else what.to_frame()))
    if isinstance(what, str):
        return dict(count_masks([what]))
    return dict(count_masks(texts_of([what] if isinstance(what, Case) else what.cases)))


def _redacted(what: Any, masker: Masker, *, user_ids: bool) -> Any:
    ways: Mapping[type, Callable[[Any], Any]] = {
        str: masker.text,
        Case: lambda case: masked_case(case, masker),
        GoldenSet: lambda golden: replace(
            golden, cases=tuple(masked_case(case, masker) for case in golden.cases), path=None
        ),
        Traces: lambda traces: _traces(traces, masker, user_ids=user_ids),
        pl.DataFrame: lambda frame: masked_table(frame, masker, user_ids=user_ids),
        pl.Series: masker.column,
        list: lambda items: _list(items, masker, user_ids=user_ids),
        dict: masker.value,
    }
    for kind, way in ways.items():
        if isinstance(what, kind):
            return way(what)
    raise LabError(
        f"cannot redact a {type(what).__name__}; give traces, cases, a Polars table, a list or a "
        "text, such as the `.frame` of a result"
    )


def _traces(traces: Traces, masker: Masker, *, user_ids: bool) -> Traces:
    tables = {name: masked_table(getattr(traces, name), masker) for name in SIDE_TABLES}
    spans = masked_table(traces.spans, masker, user_ids=user_ids)
    return replace(traces, frame=spans.lazy(), **tables)


def _list(items: Sequence[Any], masker: Masker, *, user_ids: bool) -> list[Any]:
    if items and all(isinstance(item, str) for item in items):
        return masker.column(pl.Series(items, dtype=pl.String)).to_list()
    return [_redacted(item, masker, user_ids=user_ids) for item in items]
