"""People's labels as they come in files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from llmops_lab.errors import FormatError, LabError

# Ids that look like numbers ("007", "12e4") are still names.
_NAMES: dict[str, type[pl.DataType]] = dict.fromkeys(
    ("run_id", "case_id", "annotator", "metric"), pl.String
)
_READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": lambda file: pl.read_csv(file, schema_overrides=_NAMES),
    ".jsonl": pl.read_ndjson,
    ".ndjson": pl.read_ndjson,
    ".parquet": pl.read_parquet,
}


def joined_labels(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The labels of several people's tables as one; values become texts."""
    if len(tables) == 1:
        return tables[0]
    texts = [
        table.with_columns(pl.col("value").cast(pl.String)) if "value" in table.columns else table
        for table in tables
    ]
    return pl.concat(texts, how="diagonal_relaxed")


def read_labels(path: str | Path) -> pl.DataFrame:
    """The labels in a CSV, JSONL or Parquet file.

    Raises LabError where there is none, FormatError for one that cannot be read.
    """
    file = Path(path)
    read = _READERS.get(file.suffix.lower())
    if read is None:
        raise FormatError(f"labels end in {', '.join(_READERS)}; {file.name} does not")
    if not file.is_file():
        raise LabError(f"no labels {file}; a table with run_id, case_id and value is meant")
    try:
        return read(file)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{file} holds no table of labels: {error}") from error
