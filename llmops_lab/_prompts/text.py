"""The text of a prompt file: front matter in YAML, then a body with `{{variables}}`."""

import re
from collections.abc import Mapping
from typing import Any

from llmops_lab._cases.case import as_text
from llmops_lab.errors import FormatError, LabError

_FENCE = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def parted(data: bytes, name: str) -> tuple[dict[str, Any], str]:
    """Front matter and body of a prompt file; without front matter all is body.

    Raises FormatError for bytes that are no UTF-8 and for front matter that is no mapping.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} is not UTF-8: {error}") from error
    found = _FENCE.match(text)
    if found is None:
        if text.startswith("---\n"):
            raise FormatError(f"{name}: its front matter has no closing line `---`")
        return {}, text.strip("\n")
    return _mapping(found[1], name), text[found.end() :].strip("\n")


def _mapping(source: str, name: str) -> dict[str, Any]:
    import yaml

    try:
        front = yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise FormatError(f"{name}: its front matter is not YAML: {error}") from error
    if not isinstance(front, Mapping | None):
        raise FormatError(f"{name}: its front matter is a {type(front).__name__}, not `key: value`")
    return {str(key): value for key, value in (front or {}).items()}


def variables_in(body: str) -> list[str]:
    """The names of the variables in a body, in order of appearance."""
    return list(dict.fromkeys(_VARIABLE.findall(body)))


def filled(body: str, values: Mapping[str, Any]) -> str:
    """The body with each `{{name}}` replaced; raises LabError for one missing or not known.

    Nothing else is a template: no expression is evaluated, and what a value contains is never
    read as a variable, since values come from users and documents.
    """
    names = variables_in(body)
    if missing := [name for name in names if name not in values]:
        raise LabError(f"no value for {', '.join(missing)}; this prompt takes {', '.join(names)}")
    if unknown := [name for name in values if name not in names]:
        takes = ", ".join(names) or "no variables"
        raise LabError(f"this prompt has no variable {', '.join(unknown)}; it takes {takes}")
    return _VARIABLE.sub(lambda found: as_text(values[found[1]]), body)
