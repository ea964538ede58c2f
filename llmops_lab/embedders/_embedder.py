"""What an embedder is: a function from texts to one vector each."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from llmops_lab._registry import Registry

Matrix = NDArray[np.float32]
Embedder = Callable[[Sequence[str]], Matrix]

embedders: Registry[Embedder] = Registry("embedder", "llmops_lab.embedders")


def embedder(
    name: str, *, longest_chars: int | None = None, cache_name: str | None = None
) -> Callable[[Embedder], Embedder]:
    """A decorator that files a function from texts to vectors under `name`.

    It is given texts of at most `longest_chars`. A slow one has a `cache_name`, of
    model and weights: its vectors are kept on disk under it. Any callable may have these two.
    """

    def add(function: Embedder) -> Embedder:
        vars(function).update(longest_chars=longest_chars, cache_name=cache_name)
        return embedders.register(name)(function)

    return add


def unit_length(vectors: NDArray[np.floating]) -> Matrix:
    """The rows scaled to length 1, as float32; a row of zeros stays zeros."""
    matrix = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, length, out=np.zeros_like(matrix), where=length != 0)
