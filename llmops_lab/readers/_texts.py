"""Inputs and outputs: messages where there are any, and the one text that a person reads first."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from llmops_lab.readers._convert import text_of
from llmops_lab.readers._json import encode, mended, value_in
from llmops_lab.readers._messages import message_text, plain_text, read_messages

Cells = tuple[str | None, str | None, str | None]
Texts = dict[str, list[str | None]]


def texts_of(loose: Mapping[str, Sequence[Any]], height: int) -> Texts:
    """Columns input_messages, input_text, output_messages, output_text, system_instructions."""
    found: Texts = {}
    for side, role in (("input", "user"), ("output", "assistant")):
        values = loose.get(side)
        if values is None:
            continue
        cells = [_read(value, role) for value in values]
        found[f"{side}_messages"] = [messages for messages, _, _ in cells]
        found[f"{side}_text"] = [text for _, text, _ in cells]
        if side == "input":
            found["system_instructions"] = [system for _, _, system in cells]
    return {name: values for name, values in found.items() if len(values) == height}


def _read(value: Any, role: str) -> Cells:
    """Messages as JSON, the text to read, the system's text."""
    if value is None:
        return None, None, None
    if isinstance(value, str) and value[:1] not in ("{", "[", '"'):
        return None, _written(value), None
    quick = _plain_messages(value, role) if isinstance(value, msgspec.Raw) else None
    if quick:
        return quick
    decoded = value_in(value)
    if isinstance(decoded, str):
        return None, _written(decoded if not isinstance(value, str) else value), None
    messages = read_messages(decoded)
    if not messages:
        text = plain_text(decoded)
        return None, _written(text if text is not None else text_of(value)), None
    text = message_text(messages, role)
    system = message_text([m for m in messages if m["role"] == "system"], "system")
    return encode(messages), _written(text), _written(system)


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["user", "assistant", "system"]
    content: str


_ONE = msgspec.json.Decoder(_Plain)
_MANY = msgspec.json.Decoder(list[_Plain])


def _plain_messages(raw: msgspec.Raw, role: str) -> Cells | None:
    """The quick way for the commonest messages: a role and a text, nothing else."""
    try:
        found = _MANY.decode(raw) if bytes(memoryview(raw)[:1]) == b"[" else [_ONE.decode(raw)]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not found or any(message.content[:1] in ("[", "") for message in found):
        return None  # parts written as text, or none at all
    parts = [{"role": m.role, "parts": ({"type": "text", "content": m.content},)} for m in found]
    spoken = [m.content for m in found if m.role == role]
    system = next((m.content for m in reversed(found) if m.role == "system"), None)
    return encode(parts), spoken[-1] if spoken else found[-1].content, system


def _written(text: str | None) -> str | None:
    return None if text is None else mended(text)
