"""Inputs and outputs: messages where there are any, and the one text that a person reads first."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import polars as pl

from llmops_lab.readers._convert import text_of
from llmops_lab.readers._json import encode, mended, value_in
from llmops_lab.readers._messages import message_text, plain_text, read_messages

Cells = tuple[bytes | None, str | None, str | None]
Texts = dict[str, pl.Series]

_SLICE = 500  # about a megabyte of text: the next slice takes the memory of the last
_OPENERS = {"{": "}", "[": "]", '"': '"'}
_NO_TEXT = ("[", "")
_NOTHING: Cells = (None, None, None)


def texts_of(loose: Mapping[str, Sequence[Any]], height: int) -> Texts:
    """Columns input_messages, input_text, output_messages, output_text, system_instructions.

    Worked off in slices, so that the memory of one slice's texts serves the next.
    """
    found: Texts = {}
    for side, role in (("input", "user"), ("output", "assistant")):
        values = loose.get(side)
        if values is None or len(values) != height:
            continue
        slices = range(0, max(height, 1), _SLICE)
        parts = [_columns(values[start : start + _SLICE], role) for start in slices]
        messages, texts, system = (pl.concat(column) for column in zip(*parts, strict=True))
        found[f"{side}_messages"], found[f"{side}_text"] = messages, texts
        if side == "input":
            found["system_instructions"] = system
    return found


def _columns(values: Sequence[Any], role: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    messages: list[bytes | None] = []
    texts: list[str | None] = []
    system: list[str | None] = []
    for value in values:
        only: Any = value[0] if type(value) is list and len(value) == 1 else value
        if type(only) in _KINDS and only.content[:1] not in _NO_TEXT:  # by far the most
            messages.append(_encode((_Message(only.role, (_Part(only.content),)),)))
            texts.append(only.content)
            system.append(only.content if only.role == "system" else None)
            continue
        if type(value) is str and value[:1] not in _OPENERS:
            messages.append(None)
            texts.append(value)
            system.append(None)
            continue
        as_json, text, instructions = _read(value, role)
        messages.append(as_json)
        texts.append(text)
        system.append(instructions)
    return json_series(messages), text_series(texts), text_series(system)


def _read(value: Any, role: str) -> Cells:
    """Messages as JSON, the text to read, the system's text."""
    if value is None:
        return _NOTHING
    if isinstance(value, str):
        if value.rstrip()[-1:] != _OPENERS.get(value[:1]):
            return None, value, None
    elif quick := _quick(value, role):
        return quick
    value = without_plain(value)
    decoded = value_in(value)
    if isinstance(decoded, str):
        return None, decoded if not isinstance(value, str) else value, None
    messages = read_messages(decoded)
    if not messages:
        text = plain_text(decoded)
        return None, text if text is not None else text_of(value), None
    text = message_text(messages, role)
    system = message_text([m for m in messages if m["role"] == "system"], "system")
    return encode(messages).encode(), text, system


def _quick(value: Any, role: str) -> Cells | None:
    """The cells of what is nothing but plain messages."""
    kind = type(value)
    if kind is list:
        return _plain_messages(value, role) if value and type(value[0]) in _KINDS else None
    if kind in _KINDS:
        return _plain_messages([value], role)
    return _plain_raw(value, role) if kind is msgspec.Raw else None


class Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The commonest message: a role and a text, nothing else."""

    role: Literal["user", "assistant", "system"]
    content: str


class PlainLabelled(
    msgspec.Struct,
    forbid_unknown_fields=True,
    gc=False,
    rename={"role": "message.role", "content": "message.content"},
):
    """The same as OpenInference writes it."""

    role: Literal["user", "assistant", "system"]
    content: str


_KINDS = frozenset({Plain, PlainLabelled})


def without_plain(value: Any) -> Any:
    """The value with plain messages as the objects they were."""
    some = value[0] if type(value) is list and value else value
    return msgspec.to_builtins(value) if type(some) in _KINDS else value


PLAIN: Any = list[Plain] | Plain | str
PLAIN_LABELLED: Any = list[PlainLabelled] | str
"""What most inputs and outputs are; a quick decoder may expect it."""


class _Part(msgspec.Struct, tag_field="type", tag="text", gc=False):
    content: str


class _Message(msgspec.Struct, gc=False):
    role: str
    parts: tuple[_Part]


_ONE = msgspec.json.Decoder(Plain)
_MANY = msgspec.json.Decoder(list[Plain])
_encode = msgspec.json.Encoder().encode


def _plain_raw(raw: msgspec.Raw, role: str) -> Cells | None:
    try:
        found = _MANY.decode(raw) if bytes(memoryview(raw)[:1]) == b"[" else [_ONE.decode(raw)]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return _plain_messages(found, role)


def _plain_messages(found: Sequence[Plain | PlainLabelled], role: str) -> Cells | None:
    """The cells of plain messages; None where a text holds parts written as JSON, or nothing."""
    spoken = system = None
    for message in found:
        if message.content[:1] in _NO_TEXT:
            return None
        if message.role == role:
            spoken = message.content
        if message.role == "system":
            system = message.content
    if not found:
        return None
    messages = [_Message(m.role, (_Part(m.content),)) for m in found]
    return _encode(messages), spoken or found[-1].content, system


def json_series(values: Sequence[bytes | None]) -> pl.Series:
    """JSON texts as a column; what is no Unicode becomes U+FFFD."""
    try:
        return pl.Series(values, dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        texts = [None if value is None else value.decode("utf-8", "replace") for value in values]
        return pl.Series(texts, dtype=pl.String)


def text_series(values: Sequence[str | None]) -> pl.Series:
    """Texts as a column; a lone surrogate becomes U+FFFD."""
    try:
        return pl.Series(values, dtype=pl.String)
    except UnicodeEncodeError:
        return pl.Series([mended(value) for value in values], dtype=pl.String)
