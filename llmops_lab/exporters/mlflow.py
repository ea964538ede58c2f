"""MLflow evaluation records: inputs, expectations, tags."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_OWN = {"inputs", "expectations", "tags"}


def _read(record: Record) -> Record:
    inputs, tags = record["inputs"], dict(record.get("tags") or {})
    alone = isinstance(inputs, dict) and inputs.keys() == {"input"}
    expectations = dict(record.get("expectations") or {})
    rest = {name: value for name, value in record.items() if name not in _OWN}
    return {
        "id": tags.pop("id", ""),
        "input": inputs["input"] if alone else inputs,
        "expected": expectations.pop("expected_response", None),
        "metadata": {
            **tags.pop("metadata", {}),
            **rest,
            **({"expectations": expectations} if expectations else {}),
            **({"tags": tags} if tags else {}),
        },
    }


def _write(case: Case) -> Record:
    expected = {} if case.expected is None else {"expected_response": case.expected}
    return {
        "inputs": {"input": case.input},
        "expectations": expected,
        "tags": {"id": case.id, "metadata": case.metadata},
    }


case_formats.register("mlflow")(
    CaseFormat(
        _read,
        _write,
        carries=frozenset({"id", "input", "expected", "metadata"}),
        suffixes=(".json", ".jsonl"),
    )
)
