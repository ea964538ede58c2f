"""LangSmith examples: inputs and outputs are objects."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, alone, case_formats

_OWN = {"id", "inputs", "outputs", "metadata", "split"}


def _read(record: Record) -> Record:
    rest = {name: value for name, value in record.items() if name not in _OWN}
    return {
        "id": record.get("id") or "",
        "input": alone(record["inputs"], "input"),
        "expected": alone(record.get("outputs"), "output"),
        "split": record.get("split"),
        "metadata": {**(record.get("metadata") or {}), **rest},
    }


def _write(case: Case) -> Record:
    return {
        "id": case.id,
        "inputs": {"input": case.input},
        "outputs": None if case.expected is None else {"output": case.expected},
        "split": case.split,
        "metadata": case.metadata,
    }


case_formats.register("langsmith")(
    CaseFormat(
        _read,
        _write,
        carries=frozenset({"id", "input", "expected", "split", "metadata"}),
        suffixes=(".json", ".jsonl"),
    )
)
