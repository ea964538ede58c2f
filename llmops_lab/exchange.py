"""Golden sets from other tools and for them, with what could not be carried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from llmops_lab._atomic import write_atomically
from llmops_lab._cases.carried import carried_table
from llmops_lab._cases.case import record_of
from llmops_lab._cases.columns import columns_of, records_of
from llmops_lab._cases.masked import masked_case, texts_of
from llmops_lab._display import Shown, Table
from llmops_lab._privacy.counting import count_masks
from llmops_lab._privacy.masker import Masker
from llmops_lab.errors import FormatError
from llmops_lab.exporters import case_formats
from llmops_lab.exporters._case_format import (
    cases_of_table,
    read_cases,
    to_bytes,
    written_cases,
)
from llmops_lab.golden import GoldenSet


@dataclass(frozen=True, repr=False)
class Export(Shown):
    """A file for another tool; `lost` counts, per field, the cases whose value has no place.

    `masked` counts, per kind, the masks that stand for personal data and secrets.
    """

    path: Path
    n_cases: int
    lost: dict[str, int]
    masked: dict[str, int] = field(default_factory=dict[str, int])

    def _table(self) -> Table:
        return carried_table(f"{self.n_cases} cases in {self.path}", self.lost, self.masked)


def import_cases(
    source: Any, *, format: str = "table", columns: Mapping[str, str] | None = None
) -> GoldenSet:
    """The cases of another tool's file, in memory: `save` or `add` them where they belong.

    `format` is one of `case_formats`: deepeval, inspect-ai, langfuse, langsmith, mlflow,
    openai-evals, phoenix, promptfoo, pydantic-evals, ragas, table. A table is a CSV, Parquet or
    JSON file, a Polars or pandas frame, or a Hugging Face `Dataset`; `columns` says what it
    calls our fields: {"input": "question", "expected": "answer"}. What has no field of its own
    is kept in `metadata`. Cases with the same content are taken once. Raises FormatError that
    names the case it cannot read.
    """
    form = case_formats[format]
    if isinstance(source, str | Path) and not columns:
        return GoldenSet().add(read_cases(form, Path(source)))
    records = records_of(_table(source), columns or {})
    name = Path(source).name if isinstance(source, str | Path) else type(source).__name__
    return GoldenSet().add(cases_of_table(form, records, name))


def _table(source: Any) -> pl.DataFrame:
    if isinstance(source, pl.DataFrame):
        return source
    if hasattr(source, "to_polars"):  # a Hugging Face Dataset
        return source.to_polars()
    if not isinstance(source, str | Path):
        import narwhals as nw

        return nw.from_native(source, eager_only=True).to_polars()
    readers = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson}
    suffix = Path(source).suffix.lower()
    if suffix not in readers:
        raise FormatError(f"columns are those of a {', '.join(readers)} file, not of {source}")
    try:
        return readers[suffix](source)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FormatError(f"cannot read {source}: {error}") from error


def export_dataset(golden: GoldenSet, *, redacted: bool = True) -> Any:
    """The cases as a Hugging Face `Dataset`, a row each; `import_cases` reads it back.

    A field whose values are not all texts, numbers or lists of texts stands as JSON in a column
    `<field>_json`. Personal data and secrets are masked unless `redacted` is False.
    """
    from datasets import Dataset

    masker = Masker()
    cases = [masked_case(case, masker) for case in golden.cases] if redacted else golden.cases
    return Dataset.from_polars(columns_of([record_of(case) for case in cases]))


def export_cases(
    golden: GoldenSet, path: str | Path, *, format: str, redacted: bool = True
) -> Export:
    """Every case of a golden set in another tool's format, the file's suffix deciding how.

    Personal data and secrets are masked (see `redact`) unless `redacted` is False.
    Raises FormatError when the format does not come in files of this suffix.
    """
    file, form = Path(path), case_formats[format]
    suffix = file.suffix.lower()
    written = [each for each in form.suffixes if each not in form.read_only]
    if suffix not in written:
        raise FormatError(f"{format} is written as {', '.join(written)}, not as {file.name}")
    masker = Masker()
    cases = [masked_case(case, masker) for case in golden.cases] if redacted else golden.cases
    records, lost = written_cases(form, suffix, cases)
    write_atomically(file, to_bytes(form, suffix, records))
    return Export(file, len(golden), dict(lost), dict(count_masks(texts_of(cases))))
