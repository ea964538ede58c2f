"""promptfoo test cases: YAML, JSON, JSONL, or CSV with `__expected` columns."""

from typing import Any

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_EQUALS, _CONTAINS, _RUBRIC = "equals", "contains", "llm-rubric"
_OWN = {"description", "vars", "assert", "metadata"}


def read_test(record: Record) -> Record:
    if "vars" not in record:
        record = _from_columns(record)
    checks: list[Record] = list(record.get("assert") or [])
    answers = [c["value"] for c in checks if c.get("type") in (_EQUALS, _CONTAINS)]
    rubrics = [c["value"] for c in checks if c.get("type") == _RUBRIC]
    plain = [_EQUALS] * len(answers) + [_RUBRIC] * len(rubrics)
    # Checks that are more than an answer or a rubric are kept as they are.
    as_they_are = [c["type"] for c in checks] != plain or any(len(c) > 2 for c in checks)
    said = record["vars"]
    rest: Record = {name: value for name, value in record.items() if name not in _OWN}
    if as_they_are:
        rest["assert"] = checks
    return {
        "id": record.get("description") or "",
        "input": said["input"] if said.keys() == {"input"} else said,
        "expected": answers[0] if len(answers) == 1 else answers or None,
        "rubric": rubrics[0] if rubrics else None,
        "metadata": {**(record.get("metadata") or {}), **rest},
    }


def _from_columns(row: Record) -> Record:
    found: Record = {"vars": {}, "assert": [], "metadata": {}}
    for name, cell in row.items():
        if name.startswith("__expected"):
            found["assert"].append(_check(str(cell)))
        elif name.startswith("__metadata:"):
            found["metadata"][name.removeprefix("__metadata:")] = cell
        elif name == "__description":
            found["description"] = cell
        elif name.startswith("__"):
            found["metadata"][name.removeprefix("__")] = cell
        else:
            found["vars"][name] = cell
    return found


def _check(cell: str) -> Record:
    kind, colon, value = cell.partition(":")
    if colon and kind in (_EQUALS, _CONTAINS, _RUBRIC):
        return {"type": kind, "value": value.strip()}
    return {"type": _EQUALS, "value": cell}


def _write(case: Case) -> Record:
    variables = isinstance(case.input, dict) and case.input.keys() != {"input"}
    said: Any = case.input if variables else {"input": case.input}
    checks = [] if case.expected is None else [{"type": _EQUALS, "value": case.expected}]
    checks += [] if case.rubric is None else [{"type": _RUBRIC, "value": case.rubric}]
    return {
        "description": case.id,
        "vars": said,
        "assert": checks,
        "metadata": case.metadata,
    }


case_formats.register("promptfoo")(
    CaseFormat(
        read_test,
        _write,
        carries=frozenset({"id", "input", "expected", "rubric", "metadata"}),
        suffixes=(".yaml", ".yml", ".json", ".jsonl", ".csv"),
        list_key="tests",
        read_only=(".csv",),
    )
)
