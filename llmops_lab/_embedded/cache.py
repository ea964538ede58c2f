"""Vectors kept on disk under model and text, for any number of processes at once.

One SQLite file, `vectors.sqlite`, that only its owner can read. Texts are not in it: a vector's
key is the SHA-256 of model and text. When it has grown to its limit, a tenth of that is made free:
the vectors that nobody asked for the longest time go.
"""

import hashlib
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llmops_lab._atomic import locked
from llmops_lab.embedders._embedder import Matrix
from llmops_lab.errors import LabError

_VARIABLE = "LLMOPS_LAB_VECTORS"
_FILE = "vectors.sqlite"
_KEYS_PER_QUERY = 500
_PATIENCE_S = 60.0
_LIMIT_VARIABLE = "LLMOPS_LAB_VECTORS_GB"
_USUAL_LIMIT_GB = 2.0
_MADE_FREE = 0.1
# When a vector was last asked for is known to the hour: most reads write nothing.
_HOUR_S = 3600
_TABLE = (
    "CREATE TABLE IF NOT EXISTS vectors"
    " (key BLOB PRIMARY KEY, vector BLOB NOT NULL, used INTEGER NOT NULL DEFAULT 0)"
)
# What an earlier version wrote does not say when it was used: it goes first.
_ADD_USED = "ALTER TABLE vectors ADD COLUMN used INTEGER NOT NULL DEFAULT 0"
_INDEX = "CREATE INDEX IF NOT EXISTS vectors_used ON vectors (used)"
_OLDEST = (
    "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY used, rowid LIMIT ?)"
)


def vector_store(cache: bool | str | Path) -> "VectorStore | None":
    """The store in a folder; True is the user's cache folder, or what LLMOPS_LAB_VECTORS names.

    None for False, or where LLMOPS_LAB_VECTORS is "off".
    """
    named = os.environ.get(_VARIABLE)
    if cache is False or (cache is True and named == "off"):
        return None
    if cache is True:
        import platformdirs

        cache = named or platformdirs.user_cache_path("llmops-lab")
    return VectorStore(Path(cache).expanduser() / _FILE, _limit_bytes())


def _limit_bytes() -> int:
    """What LLMOPS_LAB_VECTORS_GB allows; 2 GB are a million vectors of 512 numbers."""
    given = os.environ.get(_LIMIT_VARIABLE)
    try:
        gigabytes = float(given) if given else _USUAL_LIMIT_GB
    except ValueError:
        gigabytes = -1
    if not gigabytes > 0:
        raise LabError(f"{_LIMIT_VARIABLE}={given!r} is no size; write gigabytes, such as 0.5")
    return round(gigabytes * 1e9)


@dataclass(frozen=True)
class VectorStore:
    """A file of vectors. Where it cannot be used, that is said, and nothing is kept."""

    path: Path
    limit_bytes: int = round(_USUAL_LIMIT_GB * 1e9)
    clock: Callable[[], float] = time.time

    def find(self, model: str, texts: Sequence[str]) -> dict[str, Matrix]:
        """The vectors that are kept, by text."""
        keys = {_key(model, text): text for text in texts}
        found = dict[str, Matrix]()
        if not self.path.exists():
            return found
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
                for some, holes in _in_parts(list(keys)):
                    query = f"SELECT key, vector FROM vectors WHERE key IN ({holes})"  # noqa: S608
                    for key, vector in connection.execute(query, some):
                        found[keys[key]] = np.frombuffer(vector, dtype="<f4")
                self._mark_used(connection, [_key(model, text) for text in found])
        except (OSError, sqlite3.Error) as error:
            self._warn(error)
        return found

    def _mark_used(self, connection: sqlite3.Connection, keys: list[bytes]) -> None:
        """Say that these were asked for; where that cannot be written they only age."""
        hour = int(self.clock() // _HOUR_S)
        with suppress(sqlite3.OperationalError), connection:
            for some, holes in _in_parts(keys):
                old = f"SELECT 1 FROM vectors WHERE used < ? AND key IN ({holes}) LIMIT 1"  # noqa: S608
                if connection.execute(old, [hour, *some]).fetchone():
                    mark = f"UPDATE vectors SET used = ? WHERE used < ? AND key IN ({holes})"  # noqa: S608
                    connection.execute(mark, [hour, hour, *some])

    def keep(self, model: str, texts: Sequence[str], vectors: Matrix) -> None:
        """Keep a vector per text; one that is there already stays."""
        hour = int(self.clock() // _HOUR_S)
        rows = [
            (_key(model, text), vector.astype("<f4").tobytes(), hour)
            for text, vector in zip(texts, vectors, strict=True)
        ]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite answers "locked" at once to two that make one file: they take turns.
            with locked(self.path, timeout_s=_PATIENCE_S):
                self._write(rows)
        except (LabError, OSError, sqlite3.Error) as error:
            self._warn(error)

    def _write(self, rows: list[tuple[bytes, bytes, int]]) -> None:
        # SQLite gives its side files the rights of the file itself.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                _prepare(connection)
                connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)
                self._forget_oldest(connection)

    def _forget_oldest(self, connection: sqlite3.Connection) -> None:
        """Make room where the vectors have outgrown the limit; the file uses it again."""
        size = _used_bytes(connection)
        if size <= self.limit_bytes:
            return
        n = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
        kept = (1 - _MADE_FREE) * self.limit_bytes
        connection.execute(_OLDEST, [round(n * (1 - kept / size))])

    def size(self) -> tuple[int, int]:
        """How many vectors are kept, and the bytes they take on disk."""
        if not self.path.exists():
            return 0, 0
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
            n = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
        return int(n), sum(file.stat().st_size for file in self._files())

    def clear(self) -> int:
        """Forget every vector; returns the bytes that were freed. Others may go on writing."""
        before = sum(file.stat().st_size for file in self._files())
        if not self.path.exists():
            return 0
        with (
            locked(self.path, timeout_s=_PATIENCE_S),
            closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection,
        ):
            with connection:
                _prepare(connection)
                connection.execute("DELETE FROM vectors")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before - sum(file.stat().st_size for file in self._files())

    def _files(self) -> list[Path]:
        beside = (self.path.with_name(f"{self.path.name}{end}") for end in ("", "-wal", "-shm"))
        return [file for file in beside if file.exists()]

    def _warn(self, error: Exception) -> None:
        warnings.warn(
            f"vectors are not kept in {self.path} ({error}); delete it if it is damaged, or set"
            f" {_VARIABLE} to another folder or to off",
            stacklevel=3,
        )


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table, or the column that a file of an earlier version lacks."""
    connection.execute(_TABLE)
    if "used" not in {row[1] for row in connection.execute("PRAGMA table_info(vectors)")}:
        connection.execute(_ADD_USED)
    connection.execute(_INDEX)


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _in_parts(keys: list[bytes]) -> Iterator[tuple[list[bytes], str]]:
    """Some keys at a time, with the marks that stand for them in a query."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        some = keys[start : start + _KEYS_PER_QUERY]
        yield some, ",".join("?" * len(some))


def _key(model: str, text: str) -> bytes:
    return hashlib.sha256(f"{model}\0{text}".encode("utf-8", "surrogatepass")).digest()
