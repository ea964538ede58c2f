"""A model of sentence-transformers or transformers, from the Hugging Face hub or a folder."""

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from llmops_lab.embedders._embedder import Matrix, unit_length
from llmops_lab.errors import LabError

# Of English 4, of other languages in Latin script 3; what is too long the model would cut away.
_CHARS_PER_TOKEN = 3
_LONGEST_CHARS = 8_000
_QUIET_TEXTS = 2_000


@dataclass(frozen=True)
class SentenceModel:
    """A sentence-transformers model: `embed(traces, embedder=SentenceModel("BAAI/bge-m3"))`.

    `model` is a name on the Hugging Face hub (which it is then loaded from) or a folder, also of
    a plain transformers model: its tokens' mean is the vector. Texts are cut in pieces of at most
    `most_chars`; by default 3 for each token that the model reads, and 8,000. Vectors are kept on
    disk under the hub's name, or under what the folder holds. Raises LabError, when used, without
    sentence-transformers or such a model.
    """

    model: str
    most_chars: int | None = None
    texts_at_once: int = 64
    device: str | None = None

    @property
    def name(self) -> str:
        return self.model

    @property
    def cache_name(self) -> str:
        folder = Path(self.model)
        what = f"folder {_digest(folder)}" if folder.is_dir() else self.model
        return f"sentence-transformers {what}"

    @property
    def longest_chars(self) -> int:
        """How much of a text the model reads; loads it to see."""
        if self.most_chars is not None:
            return self.most_chars
        n_tokens = _loaded(self.model, self.device).max_seq_length
        return min(_LONGEST_CHARS, _CHARS_PER_TOKEN * int(n_tokens or _LONGEST_CHARS))

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per text."""
        found = _loaded(self.model, self.device).encode(
            list(texts),
            batch_size=self.texts_at_once,
            show_progress_bar=len(texts) > _QUIET_TEXTS,
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
    try:
        return package.SentenceTransformer(model, device=device)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise LabError(
            f"no model {model!r} could be loaded; give a folder that holds one, or a name on the"
            f" Hugging Face hub, with access to it: {reason}"
        ) from error


def _digest(folder: Path) -> str:
    """Of names, sizes and times of the files: a model that was trained on is another."""
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        facts = file.stat()
        name = file.relative_to(folder).as_posix()
        digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
