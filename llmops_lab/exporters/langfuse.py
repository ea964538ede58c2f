"""Langfuse dataset items, as its API and its export have them."""

from llmops_lab._cases.case import Case
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_STATUS = {"ACTIVE": "active", "ARCHIVED": "archived"}
_OWN = {"id", "input", "expectedOutput", "metadata", "status", "sourceTraceId"}
_ABOUT_THE_SET = {"datasetId", "datasetName", "createdAt", "updatedAt"}


def _read(record: Record) -> Record:
    rest = {n: v for n, v in record.items() if n not in _OWN | _ABOUT_THE_SET}
    trace_id = record.get("sourceTraceId")
    source = {
        "kind": "trace",
        "trace_id": trace_id,
        "span_id": rest.pop("sourceObservationId", None),
    }
    return {
        "id": record.get("id") or "",
        "input": record["input"],
        "expected": record.get("expectedOutput"),
        "status": _STATUS.get(record.get("status") or "ACTIVE"),
        "metadata": {**(record.get("metadata") or {}), **rest},
        **({"source": source} if trace_id else {}),
    }


def _write(case: Case) -> Record:
    return {
        "id": case.id,
        "input": case.input,
        "expectedOutput": case.expected,
        "metadata": case.metadata,
        "status": "ACTIVE" if case.status == "active" else "ARCHIVED",
        "sourceTraceId": case.source.trace_id,
        "sourceObservationId": case.source.span_id,
    }


case_formats.register("langfuse")(
    CaseFormat(
        _read,
        _write,
        # Neither a quarantined case nor a source other than a trace has a place of its own.
        carries=frozenset({"id", "input", "expected", "metadata"}),
        suffixes=(".json", ".jsonl"),
        list_key="data",
    )
)
