"""WordLlama: 256 numbers per text from weights that come with its wheel. Needs no network."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from llmops_lab.embedders._embedder import Matrix, embedder, unit_length


@cache
def _model() -> Any:
    import wordllama

    # Its loader looks beside its cache for the weights and the tokenizer: both are in the wheel.
    home = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=home, disable_download=True)


@embedder("wordllama")
def wordllama_embedder(texts: Sequence[str]) -> Matrix:
    """Mean of word-piece vectors: quick, many languages, knows topics better than phrasing."""
    return unit_length(_model().embed(list(texts), norm=False))
