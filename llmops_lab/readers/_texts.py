"""Inputs and outputs: messages where there are any, and the one text that a person reads first."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmops_lab.readers._convert import text_of
from llmops_lab.readers._json import encode, mended, value_in
from llmops_lab.readers._messages import message_text, plain_text, read_messages

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


def _read(value: Any, role: str) -> tuple[str | None, str | None, str | None]:
    """Messages as JSON, the text to read, the system's text."""
    if value is None:
        return None, None, None
    if isinstance(value, str) and value[:1] not in ("{", "[", '"'):
        return None, _written(value), None
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


def _written(text: str | None) -> str | None:
    return None if text is None else mended(text)
