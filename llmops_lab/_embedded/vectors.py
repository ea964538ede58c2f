"""Vectors of texts by any embedder: long texts in pieces, equal ones once, slow ones kept."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmops_lab._embedded.cache import VectorStore
from llmops_lab._embedded.texts import chunks
from llmops_lab.embedders._embedder import Matrix, unit_length
from llmops_lab.errors import LabError

AnyEmbedder = Callable[[Sequence[str]], NDArray[Any]]

# Texts that are lost when the embedding is interrupted.
_AT_ONCE = 2048
_QUIET_S = 2.0


def vectors(part: AnyEmbedder, texts: Sequence[str], store: VectorStore | None) -> Matrix:
    """One unit vector per text: the mean of its pieces' by length, where it is cut."""
    pieces = pieces_of(part, texts)
    flat = np.array([piece for cut in pieces for piece in cut], dtype=object)
    if not len(flat):
        return np.zeros((0, 1), dtype=np.float32)
    # Equal texts are embedded once: production traffic repeats itself.
    unique, where = np.unique(flat, return_inverse=True)
    found = _kept_or_made(part, unique.tolist(), store)[where]
    if len(flat) == len(texts):
        return found
    length = np.array([len(piece) for piece in flat], dtype=np.float32)
    starts = np.cumsum([0, *(len(cut) for cut in pieces[:-1])])
    return unit_length(np.add.reduceat(found * length[:, None], starts, axis=0))


def pieces_of(part: AnyEmbedder, texts: Sequence[str]) -> list[list[str]]:
    """Each text in the pieces that the embedder is given."""
    return [chunks(text, getattr(part, "longest_chars", None)) for text in texts]


def name_of(part: AnyEmbedder) -> str:
    """What an embedder is called: its `name`, else that of the function."""
    own = getattr(part, "name", None) or getattr(part, "__qualname__", None)
    return str(own or type(part).__name__)


def checked(given: NDArray[Any], n: int, name: str) -> Matrix:
    """The vectors at length 1; raises LabError unless they are one finite vector per text."""
    if given.ndim != 2 or given.shape[0] != n:
        raise LabError(
            f"embedder {name!r} gave shape {given.shape} for {n} texts;"
            " it must give one vector per text"
        )
    matrix = unit_length(given)
    if not np.isfinite(matrix).all():
        raise LabError(f"embedder {name!r} gave numbers that are not finite")
    return matrix


def _kept_or_made(part: AnyEmbedder, texts: list[str], store: VectorStore | None) -> Matrix:
    model = getattr(part, "cache_name", None)
    if store is None or model is None:
        if check := getattr(part, "check_cost", None):
            check(texts)
        return checked(np.asarray(part(texts)), len(texts), name_of(part))
    found = store.find(model, texts)
    missing = [text for text in texts if text not in found]
    if missing and (check := getattr(part, "check_cost", None)):
        check(missing)
    found.update(_made(part, missing, store, model))
    if len({len(vector) for vector in found.values()}) > 1:
        raise LabError(
            f"{model} gives vectors of another length than those kept in {store.path}; embed all"
            " anew with cache=False, or delete that file"
        )
    return np.stack([found[text] for text in texts])


def _made(part: AnyEmbedder, texts: list[str], store: VectorStore, model: str) -> dict[str, Matrix]:
    """New vectors by text, kept as they come: what was paid for is not lost to an interrupt."""
    from tqdm.auto import tqdm

    made: dict[str, Matrix] = {}
    with tqdm(total=len(texts), desc="embed", unit="text", delay=_QUIET_S) as bar:
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            given = checked(np.asarray(part(some)), len(some), name_of(part))
            store.keep(model, some, given)
            made.update(zip(some, given, strict=True))
            bar.update(len(some))
    return made
