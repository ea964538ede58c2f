"""Embeddings: one unit vector per trace that says something."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab._display import Table
from llmops_lab.embedders._embedder import Matrix, embedders, unit_length
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

_SHORTEST_WORDS = 3
_WORD = r"[\p{L}\p{N}]+"
# Scripts written without spaces: two characters say about what a word says.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
_TEXTS = {"input": "input_text", "output": "output_text"}


@dataclass(frozen=True)
class Embeddings:
    """`matrix` (n, d) float32, rows of length 1, in the order of `frame` (n trace rows).

    `frame` has the columns of `Traces.rows` and `text`, what was embedded. `digest` names
    texts and embedder: equal digests are equal embeddings. `n_set_aside` counts traces whose
    text is missing or shorter than three words.
    """

    matrix: Matrix
    frame: pl.DataFrame
    embedder: str
    digest: str
    n_set_aside: int = 0

    def __post_init__(self) -> None:
        if self.matrix.shape[0] != self.frame.height:
            raise LabError(f"{self.matrix.shape[0]} vectors for {self.frame.height} texts")

    def __len__(self) -> int:
        return self.frame.height

    def take(self, rows: NDArray[Any] | Sequence[int]) -> "Embeddings":
        """The embeddings at these row numbers (or where a boolean mask holds)."""
        index = np.asarray(rows)
        index = np.flatnonzero(index) if index.dtype == np.bool_ else index.astype(np.int64)
        frame = self.frame[index]
        digest = _digest(frame["text"], self.embedder)
        return replace(self, matrix=self.matrix[index], frame=frame, digest=digest, n_set_aside=0)

    def _table(self) -> Table:
        return Table(
            f"{len(self):,} embedded texts, {self.matrix.shape[1]} numbers each",
            f"by {self.embedder}; {self.n_set_aside:,} set aside: no text, or shorter than"
            f" {_SHORTEST_WORDS} words",
            (),
            (),
        )

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()


def embed(
    traces: Traces,
    *,
    embedder: str | Callable[[Sequence[str]], NDArray[np.floating]] = "wordllama",
    text: str = "input",
) -> Embeddings:
    """One vector per trace whose text has at least three words.

    `embedder` is the name of a part of `embedders/`, or any function from texts to one vector
    each. `text` is "input" or "output". Raises UnknownPartError for an unknown embedder and
    LabError when it does not answer with one finite vector per text.
    """
    column = _TEXTS.get(text)
    if column is None:
        raise LabError(f"no text called {text!r}; there are: {', '.join(_TEXTS)}")
    rows = traces.rows.with_columns(pl.col(column).str.strip_chars().alias("text"))
    kept = rows.filter(n_words(pl.col("text")) >= _SHORTEST_WORDS)
    part = embedders[embedder] if isinstance(embedder, str) else embedder
    name = embedder if isinstance(embedder, str) else _name_of(embedder)
    matrix = _vectors(part, kept["text"].to_list(), name)
    digest = _digest(kept["text"], name)
    return Embeddings(matrix, kept, name, digest, rows.height - kept.height)


def n_words(text: pl.Expr) -> pl.Expr:
    """Words per text; two characters of a script without spaces count as one. 0 for null."""
    spaced = text.str.replace_all(_UNSPACED, " ").str.count_matches(_WORD)
    return (spaced + text.str.count_matches(_UNSPACED) // 2).fill_null(0)


def _vectors(
    part: Callable[[Sequence[str]], NDArray[np.floating]], texts: list[str], name: str
) -> Matrix:
    if not texts:
        return np.zeros((0, 1), dtype=np.float32)
    # Equal texts are embedded once: production traffic repeats itself.
    unique, where = np.unique(np.array(texts, dtype=object), return_inverse=True)
    vectors = np.asarray(part(unique.tolist()))
    if vectors.ndim != 2 or vectors.shape[0] != len(unique):
        raise LabError(
            f"embedder {name!r} gave shape {vectors.shape} for {len(unique)} texts;"
            " it must give one vector per text"
        )
    matrix = unit_length(vectors)
    if not np.isfinite(matrix).all():
        raise LabError(f"embedder {name!r} gave numbers that are not finite")
    return matrix[where]


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)


def _digest(texts: pl.Series, name: str) -> str:
    digest = hashlib.sha256(name.encode())
    for text in texts:
        digest.update(b"\0" + str(text).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
