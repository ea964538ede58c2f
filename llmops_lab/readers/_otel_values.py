"""OTLP attribute lists as plain objects, and OpenInference's numbered keys as lists.

Three spellings of a value are read: `stringValue` (specification and protobuf JSON),
`string_value` (Phoenix), and a plain value.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

Rows = Sequence[Mapping[str, Any] | None]

_NUMBERED = re.compile(
    r"(?:llm\.(?:input_messages|output_messages|tools|prompts|choices)|retrieval\.documents"
    r"|embedding\.embeddings|reranker\.(?:input|output)_documents|gen_ai\.(?:prompt|completion)"
    r"|llm\.request\.functions|annotations|evaluations)\.\d+(?:\.|$)"
)
_INDEX = re.compile(r"\.(\d+)(?:\.|$)")


class AnyValue(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A value in the specification's spelling; one field is set."""

    stringValue: str | None = None  # noqa: N815
    intValue: int | str | None = None  # noqa: N815
    doubleValue: float | None = None  # noqa: N815
    boolValue: bool | None = None  # noqa: N815
    arrayValue: Any = None  # noqa: N815
    kvlistValue: Any = None  # noqa: N815
    bytesValue: str | None = None  # noqa: N815


class KeyValue(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An attribute as OTLP JSON writes it."""

    key: str
    value: AnyValue


# The kinds that most values have, in the order in which they count.
_QUICK_KINDS = tuple(
    attrgetter(f"value.{kind}") for kind in ("stringValue", "intValue", "doubleValue", "boolValue")
)


def values_of(items: Sequence[KeyValue]) -> Sequence[Any]:
    """The values of attributes; quick where all are of one kind."""
    for kind in _QUICK_KINDS:
        found = list(map(kind, items))
        n_gaps = found.count(None)
        if not n_gaps:
            return _wholes(found) if kind is _QUICK_KINDS[1] else found
        if n_gaps < len(found):
            break
    return [value_of(item.value) for item in items]


def _wholes(values: list[Any]) -> list[Any]:
    try:
        is_written = "".join(values).isdecimal() and "" not in values
    except TypeError:  # some are numbers already
        is_written = False
    return list(map(int if is_written else _whole, values))


def value_of(value: AnyValue) -> Any:
    """The value in plain types, whole numbers exact."""
    if value.stringValue is not None:
        return value.stringValue
    if value.intValue is not None:
        return _whole(value.intValue)
    set_fields = {
        name: got
        for name in AnyValue.__struct_fields__
        if (got := getattr(value, name)) is not None
    }
    return plain_value(set_fields)


_VALUE_KINDS = frozenset(
    spelling
    for stem in ("string", "int", "double", "bool", "array", "kvlist", "bytes")
    for spelling in (f"{stem}Value", f"{stem}_value")
)


def attributes_of(items: Any) -> dict[str, Any]:
    """`[{"key": …, "value": {"stringValue": …}}]` as an object; an object stays one."""
    if isinstance(items, Mapping):
        return dict(items)
    if not isinstance(items, list) or not items:
        return {}
    if isinstance(items[0], KeyValue):
        return {item.key: value_of(item.value) for item in items}
    return {
        item["key"]: plain_value(item.get("value"))
        for item in items
        if isinstance(item, Mapping) and isinstance(item.get("key"), str)
    }


def plain_value(value: Any) -> Any:
    """The value itself, whole numbers exact."""
    if not isinstance(value, Mapping) or not value.keys() <= _VALUE_KINDS:
        return value
    # Phoenix's REST page writes every kind of value and leaves all but one null.
    kind, inner = next(((k, v) for k, v in value.items() if v is not None), ("", None))
    match kind:
        case "intValue" | "int_value":
            return _whole(inner)
        case "arrayValue" | "array_value":
            return [plain_value(item) for item in _values(inner)]
        case "kvlistValue" | "kvlist_value":
            return attributes_of(_values(inner))
        case _:
            return inner


def _whole(inner: Any) -> Any:
    return int(inner) if isinstance(inner, str) and inner.lstrip("-").isdigit() else inner


def _values(inner: Any) -> list[Any]:
    found = inner.get("values") if isinstance(inner, Mapping) else inner
    return found if isinstance(found, list) else []


def all_keys(rows: Rows) -> set[str]:
    """The keys that any row has."""
    return set[str]().union(*filter(None, rows))


def folded(rows: Rows) -> Rows:
    """Numbered keys as lists: `llm.input_messages.0.message.role` and so on."""
    numbered = {key: _INDEX.split(key) for key in all_keys(rows) if _NUMBERED.match(key)}
    return [_fold(row, numbered) if row else row for row in rows] if numbered else rows


def numbered_heads(keys: Iterable[str]) -> dict[str, list[str]]:
    """The numbered keys below each head, `llm.input_messages` for one."""
    found: dict[str, list[str]] = {}
    for key in filter(_NUMBERED.match, keys):
        found.setdefault(_INDEX.split(key)[0], []).append(key)
    return found


def _fold(row: Mapping[str, Any], numbered: Mapping[str, list[str]]) -> Mapping[str, Any]:
    found = [key for key in row if key in numbered]
    if not found:
        return row
    branches: dict[str, Any] = {}
    for key in found:
        _put(branches, numbered[key], row[key])
    rest = {key: value for key, value in row.items() if key not in numbered}
    return {**rest, **{key: _as_lists(branch) for key, branch in branches.items()}}


def _put(target: dict[str, Any], steps: list[str], value: Any) -> None:
    """Follow name, index, name, index, …; a trailing empty name means the item itself."""
    name, *rest = steps
    if not rest:
        target[name] = value
        return
    items = target.setdefault(name, {})
    if not isinstance(items, dict):
        return
    index, *below = rest
    if below in ([""], []):
        items[int(index)] = value
        return
    item = items.setdefault(int(index), {})
    if isinstance(item, dict):
        _put(item, below, value)


def _as_lists(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    if branch and all(isinstance(key, int) for key in branch):
        return [_as_lists(branch[index]) for index in sorted(branch)]
    return {key: _as_lists(item) for key, item in branch.items()}
