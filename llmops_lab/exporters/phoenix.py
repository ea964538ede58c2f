"""Phoenix dataset examples: input, output and metadata are objects."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, alone, case_formats

_OWN = {"id", "input", "output", "metadata"}


def read_example(record: Record) -> Record:
    """The fields of a case in an example, as the API and the JSONL download have it."""
    rest = {name: value for name, value in record.items() if name not in _OWN}
    return {
        "id": record.get("id") or "",
        "input": alone(record["input"], "input"),
        "expected": alone(record.get("output") or None, "output"),
        "metadata": {**(record.get("metadata") or {}), **rest},
    }


def write_example(case: Case) -> Record:
    """An example of a case; its id goes into the metadata, for Phoenix gives its own."""
    return {
        "id": case.id,
        "input": {"input": case.input},
        "output": {} if case.expected is None else {"output": case.expected},
        "metadata": case.metadata,
    }


case_formats.register("phoenix")(
    CaseFormat(
        read_example,
        write_example,
        carries=frozenset({"id", "input", "expected", "metadata"}),
        suffixes=(".jsonl", ".json"),
        list_key="data.examples",
    )
)
