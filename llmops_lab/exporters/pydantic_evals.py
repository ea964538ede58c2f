"""pydantic-evals datasets: YAML or JSON."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_OWN = {"name", "inputs", "expected_output", "metadata"}


def _read(record: Record) -> Record:
    rest = {name: value for name, value in record.items() if name not in _OWN and value}
    return {
        "id": record.get("name") or "",
        "input": record["inputs"],
        "expected": record.get("expected_output"),
        "metadata": {**(record.get("metadata") or {}), **rest},
    }


def _write(case: Case) -> Record:
    found: Record = {"name": case.id, "inputs": case.input, "metadata": case.metadata or None}
    return found if case.expected is None else {**found, "expected_output": case.expected}


case_formats.register("pydantic-evals")(
    CaseFormat(
        _read,
        _write,
        carries=frozenset({"id", "input", "expected", "metadata"}),
        suffixes=(".yaml", ".yml", ".json"),
        list_key="cases",
        head={"name": "golden"},
    )
)
