"""Our own fields as a table: CSV, Parquet or JSON; in a CSV, lists and objects stand as JSON."""

from dataclasses import fields

from llmops_lab._cases.case import Case, record_of
from llmops_lab.exporters._case_format import CaseFormat, Record, case_formats

_NAMES = {spec.name for spec in fields(Case)}
_TEXTS = {
    "id", "input", "expected", "label", "rubric", "split", "cluster", "severity", "status",
    "created_by", "created_at", "reviewed_by", "reviewed_at", "content_hash",
}  # fmt: skip


def _read(record: Record) -> Record:
    rest = {name: value for name, value in record.items() if name not in _NAMES}
    rest.pop("content_hash", None)
    known = {name: value for name, value in record.items() if name in _NAMES}
    return {**known, "metadata": {**(record.get("metadata") or {}), **rest}}


case_formats.register("table")(
    CaseFormat(
        _read,
        record_of,
        carries=frozenset(_NAMES),
        suffixes=(".csv", ".json", ".jsonl", ".parquet"),
        cells_as_json=frozenset(_NAMES - _TEXTS),
    )
)
