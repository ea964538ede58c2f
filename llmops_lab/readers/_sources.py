"""From what a user has (path, glob, folder, bytes, open file, frame, dicts) to named contents."""

import glob
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from llmops_lab.errors import FormatError
from llmops_lab.readers._compression import plain_pieces
from llmops_lab.readers._remote import hub_rows, is_hub, is_remote, local_path, remote_files
from llmops_lab.readers._stream import BLOCK, Stream, pieces_of

_DATA = (".json", ".jsonl", ".ndjson", ".csv", ".parquet")
_PACKED = (".gz", ".zst", ".zstd")


@dataclass(frozen=True)
class Content:
    """One file's decompressed bytes, or one frame, or records that are objects already."""

    name: str
    data: Stream | pl.DataFrame | list[Any]


def contents(source: Any) -> Iterator[Content]:
    """Everything the source holds, file by file. Raises FormatError when it is no source."""
    if isinstance(source, str) and is_hub(source):
        yield Content(source, list(hub_rows(source)))
    elif isinstance(source, str) and is_remote(source):
        yield from (_content(name, data) for name, data in remote_files(source, _DATA))
    elif isinstance(source, (str, Path)):
        yield from file_contents(files_at(source) or ())
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield _content("bytes", bytes(source))
    elif hasattr(source, "read"):
        data = source.read()
        name = str(getattr(source, "name", "file"))
        yield _content(name, data.encode() if isinstance(data, str) else data)
    elif isinstance(source, Mapping) and not type(source).__module__.startswith("datasets"):
        yield Content("records", [source])
    elif isinstance(source, (list, tuple)) and any(isinstance(s, (str, Path)) for s in source):
        for each in source:
            yield from contents(each)
    else:
        yield _in_memory(source)


def _in_memory(source: Any) -> Content:
    if isinstance(source, pl.LazyFrame):
        return Content("frame", source.collect())
    if isinstance(source, pl.DataFrame):
        return Content("frame", source)
    if type(source).__module__.startswith("datasets"):
        return _from_dataset(source)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return Content("frame", _from_arrow(source))
    if hasattr(source, "to_dict") and hasattr(source, "columns"):
        return Content("frame", _from_pandas(source))
    if isinstance(source, (list, tuple)):
        return Content("records", [_record(item) for item in source])
    raise FormatError(
        f"cannot read traces from a {type(source).__name__}; give a path, a glob, a folder, bytes, "
        "an open file, a data frame, a Dataset or a list of dicts"
    )


def _from_dataset(dataset: Any) -> Content:
    """A Hugging Face data set: a table when it is one, else its rows as they stream."""
    if hasattr(dataset, "to_polars"):
        table = dataset.with_format(None).to_polars()
        # Of a data set that streams, datasets 4 makes no table.
        if isinstance(table, pl.DataFrame):
            return Content("dataset", table)
    parts = dataset.values() if isinstance(dataset, Mapping) else [dataset]
    return Content("dataset", [_record(row) for part in parts for row in part])


def _record(item: Any) -> Any:
    """An object as a dict: what SDKs hand out knows how to become one."""
    if isinstance(item, Mapping):
        return {str(key): value for key, value in item.items()}
    for method in ("model_dump", "to_dict", "dict"):
        if callable(getattr(item, method, None)):
            return getattr(item, method)()
    return item


def _from_pandas(frame: Any) -> pl.DataFrame:
    """A pandas frame; columns of mixed objects become Python objects' JSON only when read."""
    named = frame.reset_index() if frame.index.name and frame.index.name not in frame else frame
    columns = {str(name): _pandas_column(named[name]) for name in named.columns}
    return pl.DataFrame(columns)


def _pandas_column(column: Any) -> pl.Series:
    if column.dtype != object and str(column.dtype) != "str":  # pandas 3 writes NaN among texts
        try:
            return pl.Series(column)
        except (TypeError, ValueError, pl.exceptions.PolarsError):
            return pl.Series([str(value) for value in column])
    values = [None if _is_gap(value) else _plain(value) for value in column]
    try:
        return pl.Series(values, strict=True)
    except (TypeError, ValueError, pl.exceptions.PolarsError):
        return pl.Series(values, dtype=pl.Object)


def _is_gap(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _plain(value: Any) -> Any:
    """NumPy arrays, at any depth, as lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _from_arrow(source: Any) -> pl.DataFrame:
    if type(source).__module__.startswith("pandas"):
        return _from_pandas(source)
    return pl.DataFrame(source)


def files_at(source: Any) -> list[tuple[str, Path]] | None:
    """Name and path of every file of this machine that the source means; None if it means others."""
    if isinstance(source, (list, tuple)):
        found = [files_at(each) for each in source]
        return None if None in found else [file for files in found if files for file in files]
    if not isinstance(source, (str, Path)) or is_hub(str(source)) or is_remote(str(source)):
        return None
    if not str(source).strip():
        raise FormatError("the path is empty; is a variable unset? (the folder here is '.')")
    path = local_path(str(source))
    here = Path(path).expanduser()
    if here.is_file():
        return [(path, here)]
    found = _in_folder(here) if here.is_dir() else _matching(path)
    files = [(str(file), file) for file in found if file.is_file()]
    if not files:
        raise FormatError(_nothing_at(path, is_folder=here.is_dir()))
    return files


def file_contents(
    files: Iterable[tuple[str, Path]], watch: Callable[[int], object] = bool
) -> Iterator[Content]:
    """What the files hold, read as it is asked for; `watch` is told of every few bytes."""
    for name, file in files:
        with file.open("rb", buffering=0) as opened:
            yield _of_pieces(name, _pieces(opened, watch))


def _pieces(file: IO[bytes], watch: Callable[[int], object]) -> Iterator[bytes]:
    while piece := file.read(BLOCK):
        watch(len(piece))
        yield piece


def _matching(pattern: str) -> list[Path]:
    return [Path(p) for p in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207


def _in_folder(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if _is_data(file)]


def _is_data(file: Path) -> bool:
    suffixes = [suffix for suffix in file.suffixes if suffix not in _PACKED]
    # CloudWatch exports to S3 are called `000000.gz`.
    known = suffixes[-1].lower() in _DATA if suffixes else file.suffix in _PACKED
    return known and file.is_file()


def _nothing_at(path: str, *, is_folder: bool) -> str:
    if is_folder:
        return f"no {', '.join(_DATA)} file (plain, .gz or .zst) in the folder {path!r}"
    if path.lstrip()[:1] in ("{", "["):
        return "that is JSON, not a path; pass the text as bytes: text.encode()"
    return f"nothing at {path!r}; give a file, a folder or a glob that exists"


def _content(name: str, data: bytes) -> Content:
    return _of_pieces(name, pieces_of(data))


def _of_pieces(name: str, pieces: Iterator[bytes]) -> Content:
    return Content(name, Stream(plain_pieces(pieces, name)))


def parquet_frame(data: bytes, name: str) -> pl.DataFrame:
    """A Parquet file's table. Raises FormatError for a damaged one."""
    try:
        return pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"{name} is a damaged Parquet file: {reason}") from None
