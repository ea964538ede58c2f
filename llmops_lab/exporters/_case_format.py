"""What a format of test cases is, and what every one of them shares: files, rows, the rest.

A format says how one record becomes the fields of a case and back. Fields that it has no place
for travel under `llmops_lab` in its metadata; where it has no metadata either they are lost,
and the export counts them.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from llmops_lab._cases.case import Case, case_of, record_of
from llmops_lab._cases.columns import columns_of, records_of
from llmops_lab._registry import Registry
from llmops_lab.errors import FormatError

Record = dict[str, Any]
PARQUET = ".parquet"
_REST = "llmops_lab"
_NOTHING: tuple[Any, ...] = (None, [], {})


@dataclass(frozen=True)
class CaseFormat:
    """One tool's test cases.

    `read` gives the fields of a case for a record, `write` a record for a case; `carries` names
    the fields that have a place of their own. In JSON and YAML files the records are the list
    under `list_key`, or the whole file without one; `head` is what stands beside that list.
    `takes` are the types of value that a field holds where it does not hold all,
    `holds` says of a field and a value what `takes` cannot; `cells_as_json` are columns of a CSV
    whose cells hold JSON, `read_only` suffixes that are read and not written. A `list_key` with
    a point is a path.
    """

    read: Callable[[Record], Record]
    write: Callable[[Case], Record]
    carries: frozenset[str]
    suffixes: tuple[str, ...]
    list_key: str | None = None
    head: Mapping[str, Any] | None = None
    takes: Mapping[str, tuple[type, ...]] = field(default_factory=dict[str, tuple[type, ...]])
    cells_as_json: frozenset[str] = frozenset()
    read_only: tuple[str, ...] = ()
    holds: Callable[[str, Any], bool] = lambda name, value: True


case_formats: Registry[CaseFormat] = Registry("case format", "llmops_lab.exporters")


def read_cases(form: CaseFormat, path: Path) -> list[Case]:
    """The cases of a file, each with file and row as its source.

    Raises FormatError for a file or row that is not of this format.
    """
    return cases_of_table(form, _records(form, path), path.name)


def cases_of_table(form: CaseFormat, records: Sequence[Record], name: str) -> list[Case]:
    """The cases of records that came from no file, each with its row as its source."""
    return [_case(form, record, name, row) for row, record in enumerate(records, start=1)]


def _case(form: CaseFormat, record: Record, file: str, row: int) -> Case:
    try:
        found = form.read(dict(record))
        found["metadata"] = dict(found.get("metadata") or {})
        rest = found["metadata"].pop(_REST, {})
        source = {"kind": "import", "file": file, "row": row}
        known = {name: value for name, value in found.items() if value is not None}
        return case_of({"source": source, **known, **rest})
    except (KeyError, TypeError, AttributeError, ValueError, FormatError) as error:
        raise FormatError(f"{file}, case {row}: not of this format: {error!r}") from error


def written_cases(
    form: CaseFormat, suffix: str, cases: Sequence[Case]
) -> tuple[list[Record], Counter[str]]:
    """Records of the cases, and how often each field had to be left out."""
    lost: Counter[str] = Counter()
    records: list[Record] = []
    for case in cases:
        full = record_of(case)
        rest = {
            name: value
            for name, value in full.items()
            if name != "content_hash" and not _fits(form, suffix, name, value)
        }
        if "metadata" in form.carries:
            told = {**case.metadata, _REST: rest} if rest else case.metadata
            records.append(form.write(replace(case, metadata=told)))
        else:
            lost.update(rest.keys())
            records.append(form.write(case))
    return records, lost


def _fits(form: CaseFormat, suffix: str, name: str, value: Any) -> bool:
    """Does this field come back as it was?"""
    if name not in form.carries:
        return False
    if not isinstance(value, form.takes.get(name, object)) or not form.holds(name, value):
        return False
    return suffix != ".csv" or isinstance(value, str) or name in form.cells_as_json


def alone(value: object, key: str) -> object:
    """The value under the only key of an object; any other value as it is."""
    return value[key] if isinstance(value, dict) and value.keys() == {key} else value


def _records(form: CaseFormat, path: Path) -> list[Record]:
    if path.suffix.lower() == PARQUET and PARQUET in form.suffixes:
        return records_of(_parquet(path), {})
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot read {path}: {error}") from error
    try:
        return _parsed(form, path.suffix.lower(), text)
    except (msgspec.DecodeError, ValueError, TypeError, csv.Error) as error:
        raise FormatError(f"{path} cannot be read as cases: {error}") from error


def _parsed(form: CaseFormat, suffix: str, text: str) -> list[Record]:
    if suffix not in form.suffixes:
        raise ValueError(f"this format comes in {', '.join(form.suffixes)}")
    if suffix == ".csv":
        return [_from_cells(form, row) for row in csv.DictReader(io.StringIO(text))]
    if suffix == ".jsonl":
        return [
            msgspec.json.decode(line, type=Record) for line in text.splitlines() if line.strip()
        ]
    whole = _from_yaml(text) if suffix in {".yaml", ".yml"} else msgspec.json.decode(text)
    for key in (form.list_key or "").split("."):
        whole = whole.get(key) if isinstance(whole, dict) else whole
    return msgspec.convert(whole, list[Record])


def _from_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error


def _from_cells(form: CaseFormat, row: Mapping[str, str | None]) -> Record:
    cells = {name: cell for name, cell in row.items() if cell not in (None, "")}
    for name in form.cells_as_json & cells.keys():
        cells[name] = msgspec.json.decode(cells[name] or "null")
    return dict(cells)


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FormatError(f"cannot read {path}: {error}") from error


def to_bytes(form: CaseFormat, suffix: str, records: Sequence[Record]) -> bytes:
    """The file of these records, in the way of its suffix."""
    if suffix == PARQUET:
        file = io.BytesIO()
        columns_of(records).write_parquet(file)
        return file.getvalue()
    return _to_text(form, suffix, records).encode()


def _to_text(form: CaseFormat, suffix: str, records: Sequence[Record]) -> str:
    if suffix == ".csv":
        return _to_csv(form, records)
    if suffix == ".jsonl":
        return "".join(msgspec.json.encode(record).decode() + "\n" for record in records)
    whole: Any = list(records)
    for key in reversed(form.list_key.split(".") if form.list_key else []):
        whole = {key: whole}
    whole = {**form.head, **whole} if form.head else whole
    if suffix in {".yaml", ".yml"}:
        import yaml

        return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)
    return msgspec.json.format(msgspec.json.encode(whole)).decode() + "\n"


def _to_csv(form: CaseFormat, records: Iterable[Record]) -> str:
    rows = [
        {name: _cell(form, name, value) for name, value in record.items() if value not in _NOTHING}
        for record in records
    ]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _cell(form: CaseFormat, name: str, value: Any) -> str:
    if isinstance(value, str) and name not in form.cells_as_json:
        return value
    return msgspec.json.encode(value).decode()
