"""What is kept of vectors: how much, where, and how to forget it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from llmops_lab import _quantities as quantities
from llmops_lab._display import Shown, Table
from llmops_lab._embedded.cache import vector_store
from llmops_lab.errors import LabError


@dataclass(frozen=True, repr=False)
class KeptVectors(Shown):
    """The vectors on disk: the file, how many, the bytes it takes and may take."""

    path: Path
    n_vectors: int
    size_bytes: int
    limit_bytes: int

    def _table(self) -> Table:
        kept = quantities.counted(self.n_vectors, "vector")
        size = f"{self.size_bytes / 1e6:,.1f} MB of at most {self.limit_bytes / 1e6:,.0f} MB"
        notes = ("lab.clear_vectors() forgets them; LLMOPS_LAB_VECTORS_GB sets the limit",)
        return Table(f"{kept} kept, {size}", str(self.path), (), (), notes)


def kept_vectors(cache: bool | str | Path = True) -> KeptVectors:
    """How many vectors `embed` has kept, where, and the bytes they take.

    `cache` as in `embed`. Raises LabError where none are kept (False or "off"), or where the file
    cannot be read.
    """
    store = vector_store(cache)
    if store is None:
        raise LabError("no vectors are kept: the cache is off")
    try:
        n, size = store.size()
    except (OSError, sqlite3.Error) as error:
        raise LabError(f"{store.path} cannot be read ({error}); delete it if damaged") from error
    return KeptVectors(store.path, n, size, store.limit_bytes)


def clear_vectors(cache: bool | str | Path = True) -> int:
    """Forget all vectors that `embed` has kept; returns the bytes that were freed.

    `cache` as in `embed`. Notebooks that are embedding go on undisturbed. Raises LabError where
    the file cannot be written.
    """
    store = vector_store(cache)
    if store is None:
        return 0
    try:
        return store.clear()
    except (OSError, sqlite3.Error) as error:
        raise LabError(
            f"{store} cannot be cleared ({error}); delete the file if damaged"
        ) from error
