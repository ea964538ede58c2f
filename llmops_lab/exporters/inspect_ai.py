"""inspect_ai samples: JSON, JSONL or CSV."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_OWN = {"id", "input", "target", "metadata"}


def _read(record: Record) -> Record:
    rest = {name: value for name, value in record.items() if name not in _OWN}
    return {
        "id": str(record.get("id") or ""),
        "input": record["input"] if "input" in record else record["question"],
        "expected": record.get("target", record.get("answer")),
        "metadata": {**(record.get("metadata") or {}), **rest},
    }


def _write(case: Case) -> Record:
    return {
        "id": case.id,
        "input": case.input,
        "target": case.expected,
        "metadata": case.metadata,
    }


case_formats.register("inspect-ai")(
    CaseFormat(
        _read,
        _write,
        carries=frozenset({"id", "input", "expected", "metadata"}),
        suffixes=(".json", ".jsonl", ".csv"),
        cells_as_json=frozenset({"metadata", "sandbox", "choices"}),
    )
)
