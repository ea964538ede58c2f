"""Ragas evaluation samples, of one turn or several: JSONL or JSON."""

from typing import Any

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_OWN = {"user_input", "reference", "retrieved_contexts"}
_ROLES = {"human": "user", "ai": "assistant", "tool": "tool"}
_TYPES = {role: kind for kind, role in _ROLES.items()}


def _read(record: Record) -> Record:
    rest = {n: v for n, v in record.items() if n not in _OWN and v is not None}
    metadata = rest.pop("metadata", None) or {}
    return {
        "id": rest.pop("id", ""),
        "input": _as_messages(record["user_input"]),
        "expected": record.get("reference"),
        "context": record.get("retrieved_contexts") or rest.get("reference_contexts") or [],
        "metadata": {**metadata, **rest},
    }


def _as_messages(said: Any) -> Any:
    if not isinstance(said, list):
        return said
    return [
        {"role": _ROLES.get(turn["type"], "user"), **{n: v for n, v in turn.items() if n != "type"}}
        for turn in said
    ]


def _write(case: Case) -> Record:
    said = case.input if _is_said(case.input) else case.text
    if isinstance(said, list):
        said = [
            {**{n: v for n, v in turn.items() if n != "role"}, "type": _TYPES[turn["role"]]}
            for turn in said
        ]
    return {
        "id": case.id,
        "user_input": said,
        "reference": case.expected,
        "retrieved_contexts": case.context,
        "metadata": case.metadata,
    }


def _is_said(value: Any) -> bool:
    """A text, or turns of people, models and tools: what Ragas knows."""
    if isinstance(value, list):
        return all(isinstance(turn, dict) and turn.get("role") in _TYPES for turn in value)
    return isinstance(value, str)


case_formats.register("ragas")(
    CaseFormat(
        _read,
        _write,
        carries=frozenset({"id", "input", "expected", "context", "metadata"}),
        suffixes=(".jsonl", ".json"),
        takes={"input": (str, list), "expected": (str,)},
        holds=lambda name, value: name != "input" or _is_said(value),
    )
)
