"""Vectors kept on disk under model and text, for any number of processes at once.

One SQLite file, `vectors.sqlite`, that only its owner can read. Texts are not in it: a vector's
key is the SHA-256 of model and text.
"""

import hashlib
import os
import sqlite3
import warnings
from collections.abc import Sequence
from contextlib import closing
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
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"


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
    return VectorStore(Path(cache).expanduser() / _FILE)


@dataclass(frozen=True)
class VectorStore:
    """A file of vectors. Where it cannot be used, that is said, and nothing is kept."""

    path: Path

    def find(self, model: str, texts: Sequence[str]) -> dict[str, Matrix]:
        """The vectors that are kept, by text."""
        keys = {_key(model, text): text for text in texts}
        wanted, found = list(keys), dict[str, Matrix]()
        if not self.path.exists():
            return found
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
                for start in range(0, len(wanted), _KEYS_PER_QUERY):
                    some = wanted[start : start + _KEYS_PER_QUERY]
                    holes = ",".join("?" * len(some))
                    query = f"SELECT key, vector FROM vectors WHERE key IN ({holes})"  # noqa: S608
                    for key, vector in connection.execute(query, some):
                        found[keys[key]] = np.frombuffer(vector, dtype="<f4")
        except (OSError, sqlite3.Error) as error:
            self._warn(error)
        return found

    def keep(self, model: str, texts: Sequence[str], vectors: Matrix) -> None:
        """Keep a vector per text; one that is there already stays."""
        rows = [
            (_key(model, text), vector.astype("<f4").tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite answers "locked" at once to two that make one file: they take turns.
            with locked(self.path, timeout_s=_PATIENCE_S):
                self._write(rows)
        except (LabError, OSError, sqlite3.Error) as error:
            self._warn(error)

    def _write(self, rows: list[tuple[bytes, bytes]]) -> None:
        # SQLite gives its side files the rights of the file itself.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            with connection:
                connection.execute(_TABLE)
                connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    def _warn(self, error: Exception) -> None:
        warnings.warn(
            f"vectors are not kept in {self.path} ({error}); delete it if it is damaged, or set"
            f" {_VARIABLE} to another folder or to off",
            stacklevel=3,
        )


def _key(model: str, text: str) -> bytes:
    return hashlib.sha256(f"{model}\0{text}".encode("utf-8", "surrogatepass")).digest()
