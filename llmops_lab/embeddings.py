"""Embeddings: one unit vector per trace that says something."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab._display import Shown, Table
from llmops_lab._embedded.cache import VectorStore, vector_store
from llmops_lab._embedded.carried import Carried, carried_vectors
from llmops_lab._embedded.estimate import Estimate
from llmops_lab._embedded.texts import n_words, rows_with_text
from llmops_lab._embedded.vectors import AnyEmbedder, checked, name_of, pieces_of, vectors
from llmops_lab.embedders._embedder import Matrix, embedders
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

_SHORTEST_WORDS = 3
DEFAULT = "wordllama"
CARRIED = "trace"


@dataclass(frozen=True, repr=False)
class Embeddings(Shown):
    """`matrix` (n, d) float32, rows of length 1, in the order of `frame` (n trace rows).

    `frame` has the columns of `Traces.rows` and `text`, what was embedded. `digest` names
    texts and embedder: equal digests are equal embeddings. `n_set_aside` counts traces whose
    text is missing, shorter than three words or, with "trace", without a vector.
    """

    matrix: Matrix
    frame: pl.DataFrame
    embedder: str
    digest: str
    n_set_aside: int = 0
    note: str = ""

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
        by_trace = self.embedder.startswith(f"{CARRIED}:")
        return Table(
            f"{len(self):,} embedded texts, {self.matrix.shape[1]} numbers each",
            f"by {self.embedder}; {self.n_set_aside:,} set aside: no text, shorter than"
            f" {_SHORTEST_WORDS} words{', or no vector' if by_trace else ''}",
            (),
            (),
            (self.note,) if self.note else (),
        )


def embed(
    traces: Traces,
    *,
    embedder: str | AnyEmbedder | None = None,
    text: str = "input",
    cache: bool | str | Path = True,
) -> Embeddings:
    """One vector per trace whose text has at least three words.

    `embedder` None takes the vectors that came with the traces where every text has one, and
    "wordllama" otherwise. "trace" insists on them and sets texts without one aside; else it is
    the name of a part of `embedders/`, or any function from texts to one vector each.
    `text` is "input" (the last user turn), "first_input", "conversation" or "output". A text
    too long for its embedder is cut; its vector is the mean of the pieces', by length.
    Vectors of slow embedders are kept on disk, in the user's cache folder, in the folder that
    `cache` or the environment variable LLMOPS_LAB_VECTORS names, or not at all (False, "off").
    Raises UnknownPartError for an unknown embedder, and LabError when vectors are of several
    models or lengths, or when an embedder does not answer with one finite vector per text.
    """
    rows = rows_with_text(traces, text)
    kept = _long_enough(rows)
    n_short = rows.height - kept.height
    note = ""
    if embedder in (None, CARRIED):
        carried = carried_vectors(traces, kept)
        if len(carried) and (embedder == CARRIED or len(carried) == kept.height):
            return _carried(carried, kept, n_short)
        if embedder == CARRIED:
            raise LabError(
                f"none of {kept.height:,} texts came with a vector; embed them, for instance with"
                f" embedder={DEFAULT!r}"
            )
        note = _unused(carried, kept)
    found = _embedded(kept, embedder or DEFAULT, n_short, vector_store(cache))
    return replace(found, note=note)


def estimate_embedding(
    traces: Traces,
    *,
    embedder: str | AnyEmbedder,
    text: str = "input",
    cache: bool | str | Path = True,
) -> Estimate:
    """How many texts `embed` would embed anew with these options, and what that would cost."""
    part = embedders[embedder] if isinstance(embedder, str) else embedder
    kept = _long_enough(rows_with_text(traces, text))["text"].to_list()
    texts = {piece for cut in pieces_of(part, kept) for piece in cut}
    store, model = vector_store(cache), getattr(part, "cache_name", None)
    there = store.find(model, list(texts)) if store and model else {}
    new = [text for text in texts if text not in there]
    count: Callable[[Sequence[str]], int] | None = getattr(part, "n_tokens", None)
    name = embedder if isinstance(embedder, str) else name_of(part)
    if count is None:
        return Estimate(name, len(new), len(there), None, 0.0)
    n_tokens = count(new) if new else 0
    price: Callable[[int], float | None] = getattr(part, "cost_usd")  # noqa: B009
    return Estimate(name, len(new), len(there), n_tokens, price(n_tokens))


def embed_alike(
    baseline: Traces | Embeddings,
    current: Traces | Embeddings,
    *,
    embedder: str | AnyEmbedder | None = None,
) -> tuple[Embeddings, Embeddings]:
    """Both windows embedded by one embedder; embeddings are taken as they are.

    Without an `embedder`, vectors that came with the traces are used where both windows are
    full of them. Raises what `embed` raises.
    """
    windows = (baseline, current)
    both = [w if isinstance(w, Embeddings) else embed(w, embedder=embedder) for w in windows]
    if embedder is None and both[0].embedder != both[1].embedder:
        both = [w if isinstance(w, Embeddings) else embed(w, embedder=DEFAULT) for w in windows]
    return both[0], both[1]


def _long_enough(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(n_words(pl.col("text")) >= _SHORTEST_WORDS)


def _unused(carried: Carried, kept: pl.DataFrame) -> str:
    if not len(carried):
        return ""
    return (
        f"{len(carried):,} of {kept.height:,} texts came with a vector; those are not used,"
        f" embedder={CARRIED!r} takes them and sets the other texts aside"
    )


def _carried(carried: Carried, kept: pl.DataFrame, n_short: int) -> Embeddings:
    name = f"{CARRIED}:{carried.model()}"
    frame = kept.filter(carried.has)
    matrix = checked(carried.matrix(), frame.height, name)
    without = kept.height - frame.height
    return Embeddings(matrix, frame, name, _digest(frame["text"], name), n_short + without)


def _embedded(
    kept: pl.DataFrame, embedder: str | AnyEmbedder, n_short: int, store: VectorStore | None
) -> Embeddings:
    part = embedders[embedder] if isinstance(embedder, str) else embedder
    name = embedder if isinstance(embedder, str) else name_of(part)
    matrix = vectors(part, kept["text"].to_list(), store)
    return Embeddings(matrix, kept, name, _digest(kept["text"], name), n_short)


def _digest(texts: pl.Series, name: str) -> str:
    digest = hashlib.sha256(name.encode())
    for text in texts:
        digest.update(b"\0" + str(text).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
