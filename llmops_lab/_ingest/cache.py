"""A cache of exports read before: canonical Parquet, found by the bytes of the files.

An entry is a folder that appears under its name only when it is whole. Its name is a digest of
the files' names and bytes, of how they were to be read, and of our schema and version: another
file, reader or price list is another entry.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from llmops_lab import __version__
from llmops_lab._ingest.on_disk import open_parts, write_parts
from llmops_lab._ingest.one_file import read_all
from llmops_lab._ingest.whole import Cut, cuts, warn_of_cuts
from llmops_lab._spans.schema import SIDE_TABLES, SPANS
from llmops_lab.errors import LabError
from llmops_lab.pricing import Price
from llmops_lab.readers._mapped import mapped_reader
from llmops_lab.readers._sources import file_contents, files_at
from llmops_lab.traces import Traces

_READING: Final = 1  # raise it whenever the same bytes shall give other traces
_ENTRY: Final = "traces-"
_UNFINISHED: Final = ".unfinished-"
_DIGESTED_BYTES: Final = 4 << 20
Files = list[tuple[str, Path]]


@dataclass(frozen=True)
class Wanted:
    """How the files are to be read, as `read_traces` is told."""

    format: str | None = None
    mapping: Mapping[str, str] | None = None
    prices: Mapping[str, Price] | None = None


def cached_traces(source: Any, cache: str | Path | bool, wanted: Wanted) -> Traces:
    """The traces of the files, from the cache where they were read before.

    Raises LabError when the source is no file of this machine.
    """
    files = files_at(source)
    if files is None:
        raise LabError("a cache serves files of this machine: give read_traces a path, or no cache")
    folder = _folder(cache)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder)
    entry = folder / f"{_ENTRY}{_digest(files, wanted)}"
    if not entry.exists():
        _read_into(entry, files, wanted)
    warn_of_cuts(msgspec.json.decode((entry / "cuts.json").read_bytes(), type=list[Cut]))
    return open_parts(entry, str(source) if isinstance(source, (str, Path)) else "files")


def clear_cache(cache: str | Path | bool = True) -> int:
    """Delete what `read_traces(…, cache=…)` has kept; returns the bytes that were freed.

    `cache` as there: True for the user's cache folder, or a folder of your own, in which nothing
    else is touched.
    """
    folder = _folder(cache)
    entries = [p for p in folder.glob("*") if p.name.startswith((_ENTRY, _UNFINISHED))]
    freed = sum(f.stat().st_size for entry in entries for f in entry.rglob("*") if f.is_file())
    for entry in entries:
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()
    return freed


def _folder(cache: str | Path | bool) -> Path:
    from platformdirs import user_cache_path

    own = user_cache_path("llmops-lab") / "traces"
    return own if cache is True else Path(str(cache)).expanduser()


def _digest(files: Files, wanted: Wanted) -> str:
    about = [
        (_READING, __version__, version("genai-prices")),
        [(name, str(dtype)) for s in (SPANS, *SIDE_TABLES.values()) for name, dtype in s.items()],
        (wanted.format, sorted((wanted.mapping or {}).items())),
        None if wanted.prices is None else sorted((k, repr(p)) for k, p in wanted.prices.items()),
        [(name, path.stat().st_size, _digest_of_bytes(path)) for name, path in files],
    ]
    return hashlib.blake2b(repr(about).encode(), digest_size=16).hexdigest()


def _digest_of_bytes(path: Path) -> str:
    import xxhash

    digest = xxhash.xxh3_128()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_DIGESTED_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _read_into(entry: Path, files: Files, wanted: Wanted) -> None:
    """Make the entry, or leave nothing."""
    ad_hoc = mapped_reader(wanted.mapping) if wanted.mapping else None
    with _workplace(entry.parent) as folder, _bar(files) as bar:
        contents = file_contents(files, bar.update)
        parts = write_parts(read_all(contents, wanted.format, ad_hoc), folder, wanted.prices)
        (folder / "cuts.json").touch(mode=0o600)
        (folder / "cuts.json").write_bytes(msgspec.json.encode(cuts(parts)))
        if not entry.exists():  # else another notebook was quicker
            folder.replace(entry)


@contextmanager
def _bar(files: Files) -> Generator[Any]:
    """Bytes read and how fast, in a notebook or a terminal; TQDM_DISABLE=1 hides it."""
    from tqdm.auto import tqdm

    total = sum(path.stat().st_size for _, path in files)
    with tqdm(total=total, desc="reading", unit="B", unit_scale=True, delay=1) as bar:
        yield bar


@contextmanager
def _workplace(parent: Path) -> Generator[Path]:
    """A folder of our own, gone afterwards unless it was renamed; its lock says we live."""
    from filelock import FileLock

    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=parent))  # for the owner only
    lock = FileLock(f"{folder}.lock")
    try:
        with lock:
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path(lock.lock_file).unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what a process left that was killed: nobody holds its lock."""
    from filelock import FileLock, Timeout

    for lock in folder.glob(f"{_UNFINISHED}*.lock"):
        try:
            with FileLock(lock, timeout=0):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        except Timeout:
            continue
