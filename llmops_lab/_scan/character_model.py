"""A character 5-gram model: how surprising is a text to who has read other texts?

Source: Witten and Bell 1991 (interpolation by the number of distinct continuations).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmops_lab._scan.units import Bools, Floats, Ints

_ORDER = 5
_BITS = 12
_PADDING, _RARE = 0, 1
_MOST_CHARACTERS = 500


@dataclass(frozen=True)
class CodedTexts:
    """Texts as numbers, one after the other: `code` (characters,), the `text` each is of, and
    `grams`, per order k the last k + 1 characters packed into one number."""

    code: Ints
    text: Ints
    grams: tuple[Ints, ...]
    n_texts: int


def coded(texts: Sequence[str]) -> CodedTexts:
    """Texts as numbers; the 4,000 most frequent characters keep their own."""
    cut = [text[:_MOST_CHARACTERS].lower() for text in texts]
    frequent = Counter("".join(cut)).most_common(2**_BITS - 3)
    number = {character: i + 2 for i, (character, _) in enumerate(frequent)}
    padded = [_PADDING] * (_ORDER - 1)
    codes = [padded + [number.get(c, _RARE) for c in text] for text in cut]
    flat = np.fromiter((c for code in codes for c in code), dtype=np.int64)
    owner = np.repeat(np.arange(len(cut)), [len(code) for code in codes])
    real = flat != _PADDING
    grams: list[Ints] = []
    packed = np.zeros(len(flat), dtype=np.int64)
    for k in range(_ORDER):
        shifted = np.concatenate([np.zeros(k, dtype=np.int64), flat[: len(flat) - k]])
        packed = packed + (shifted << (_BITS * k))
        grams.append(packed[real])
    return CodedTexts(flat[real], owner[real], tuple(grams), len(cut))


def surprise(coded_texts: CodedTexts, read: Bools) -> Floats:
    """−log p (nats) of every character, by a model of the texts marked `read`."""
    seen = read[coded_texts.text]
    alphabet = len(np.unique(coded_texts.code)) + 1
    p = np.full(len(coded_texts.code), 1 / alphabet)
    for k in range(_ORDER):
        p = _interpolated(coded_texts.grams[k], seen, p)
    return -np.log(p)


def _interpolated(grams: Ints, seen: Bools, lower: Floats) -> Floats:
    """One order more: counts of this order, and the lower order in place of what is unseen."""
    # The newest character sits in the lowest bits, so the context is what is above them.
    known, times = np.unique(grams[seen], return_counts=True)
    contexts, first = np.unique(known >> _BITS, return_index=True)
    total = np.add.reduceat(times, first) if len(first) else times
    distinct = np.diff(np.append(first, len(known)))
    count = _looked_up(known, times, grams)
    context = grams >> _BITS
    n, t = _looked_up(contexts, total, context), _looked_up(contexts, distinct, context)
    return np.where(n > 0, (count + t * lower) / np.maximum(n + t, 1), lower)


def _looked_up(keys: Ints, values: NDArray[np.int64], wanted: Ints) -> Floats:
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0).astype(np.float64)
