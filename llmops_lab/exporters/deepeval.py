"""DeepEval goldens: JSON, JSONL or CSV, snake or camel case."""

from llmops_lab._cases.case import Case, as_text
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_CAMEL = {
    "actualOutput": "actual_output",
    "expectedOutput": "expected_output",
    "retrievalContext": "retrieval_context",
    "additionalMetadata": "additional_metadata",
    "sourceFile": "source_file",
}
_OWN = {"input", "expected_output", "context", "name", "additional_metadata"}


def read_golden(record: Record) -> Record:
    plain = {_CAMEL.get(name, name): value for name, value in record.items()}
    context = plain.get("context") or []
    return {
        "id": plain.get("name") or "",
        "input": plain["input"],
        "expected": plain.get("expected_output"),
        "context": context.split("|") if isinstance(context, str) else context,
        "metadata": {
            **(plain.get("additional_metadata") or {}),
            **{n: v for n, v in plain.items() if n not in _OWN and v is not None},
        },
    }


def _write(case: Case) -> Record:
    return {
        "name": case.id,
        "input": as_text(case.input),
        "expected_output": None if case.expected is None else as_text(case.expected),
        "context": case.context,
        "additional_metadata": case.metadata,
    }


case_formats.register("deepeval")(
    CaseFormat(
        read_golden,
        _write,
        carries=frozenset({"id", "input", "expected", "context", "metadata"}),
        suffixes=(".json", ".jsonl", ".csv"),
        takes={"input": (str,), "expected": (str,)},
        cells_as_json=frozenset({"additional_metadata", "tools_called", "expected_tools"}),
    )
)
