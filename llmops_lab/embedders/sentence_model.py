"""A model of sentence-transformers, from the Hugging Face hub or a folder, if it is installed."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from llmops_lab.embedders._embedder import Matrix, unit_length
from llmops_lab.errors import LabError


@dataclass(frozen=True)
class SentenceModel:
    """A sentence-transformers model: `embed(traces, embedder=SentenceModel("BAAI/bge-m3"))`.

    `model` is a name on the Hugging Face hub (which it is then loaded from) or a folder;
    `longest_chars` should fit what it was made for. The vectors of a folder's model are not
    kept on disk: its weights may change.
    """

    model: str
    longest_chars: int = 1_500
    texts_at_once: int = 64
    device: str | None = None

    @property
    def name(self) -> str:
        return self.model

    @property
    def cache_name(self) -> str | None:
        return None if Path(self.model).exists() else f"sentence-transformers {self.model}"

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per text. Raises LabError without sentence-transformers."""
        found = _loaded(self.model, self.device).encode(
            list(texts), batch_size=self.texts_at_once, show_progress_bar=False
        )
        return unit_length(np.asarray(found))


@cache
def _loaded(model: str, device: str | None) -> Any:
    try:
        package = importlib.import_module("sentence_transformers")
    except ModuleNotFoundError as missing:
        raise LabError(
            f"{model} needs sentence-transformers, which is not installed: pip install"
            " sentence-transformers (or use embedder='wordllama' or 'minilm')"
        ) from missing
    return package.SentenceTransformer(model, device=device)
