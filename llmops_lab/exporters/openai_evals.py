"""OpenAI evals: JSONL of messages and an ideal answer."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats


def _read(record: Record) -> Record:
    rest = {name: value for name, value in record.items() if name not in {"input", "ideal"}}
    return {"input": record["input"], "expected": record.get("ideal"), "metadata": rest}


def _write(case: Case) -> Record:
    messages = case.input if isinstance(case.input, list) else None
    said = messages or [{"role": "user", "content": case.text}]
    return {"input": said, "ideal": case.expected}


case_formats.register("openai-evals")(
    CaseFormat(
        _read,
        _write,
        carries=frozenset({"input", "expected"}),
        suffixes=(".jsonl", ".json"),
        takes={"input": (str, list)},
    )
)
