"""Cases that are too alike, and cases that a model may have seen: both flatter an eval."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from llmops_lab.golden import GoldenSet

_PAIRS = {"case_id": pl.String, "other_id": pl.String, "likeness": pl.Float64}
_LEAKS = {"case_id": pl.String, "text": pl.Int64, "likeness": pl.Float64}
_SHORTEST = 12


def find_near_duplicates(golden: GoldenSet, *, threshold: float = 0.9) -> pl.DataFrame:
    """Pairs of cases whose inputs are nearly the same words, in any order; most alike first.

    Columns: case_id, other_id, likeness (rapidfuzz's token sort ratio, 0 to 1). Above 0.9 the
    questions differ by a word or by typing errors.
    """
    from rapidfuzz import fuzz, process

    texts = [_plain(case.text) for case in golden]
    found = process.cdist(texts, texts, scorer=fuzz.token_sort_ratio, score_cutoff=100 * threshold)
    ids = [case.id for case in golden]
    rows = [(ids[i], ids[j], float(found[i, j]) / 100) for i, j in _places(np.triu(found, k=1))]
    return pl.DataFrame(rows, schema=_PAIRS, orient="row").sort("likeness", descending=True)


def find_leaks(golden: GoldenSet, texts: Sequence[str], *, threshold: float = 0.9) -> pl.DataFrame:
    """Cases whose input stands, nearly word for word, in a prompt or a training text.

    Give few-shot prompts or the lines of a fine-tuning file as `texts`. Columns: case_id, text
    (its position), likeness (rapidfuzz's partial ratio, 0 to 1). Inputs of fewer than 12
    characters are passed over: they stand in any text.
    """
    from rapidfuzz import fuzz, process

    cases = [case for case in golden if len(case.text) >= _SHORTEST]
    found = process.cdist(
        [_plain(case.text) for case in cases],
        [_plain(text) for text in texts],
        scorer=fuzz.partial_ratio,
        score_cutoff=100 * threshold,
    )
    # A text shorter than the question is a part of it, not the other way round.
    rows = [
        (cases[i].id, j, float(found[i, j]) / 100)
        for i, j in _places(found)
        if len(texts[j]) >= threshold * len(cases[i].text)
    ]
    return pl.DataFrame(rows, schema=_LEAKS, orient="row").sort("likeness", descending=True)


def find_alike(golden: GoldenSet, texts: Sequence[str], *, threshold: float = 0.9) -> pl.DataFrame:
    """Texts that ask nearly what a case asks, in any order of words; most alike first.

    Columns: case_id, text (its position), likeness (rapidfuzz's token sort ratio, 0 to 1).
    """
    from rapidfuzz import fuzz, process

    found = process.cdist(
        [_plain(case.text) for case in golden],
        [_plain(text) for text in texts],
        scorer=fuzz.token_sort_ratio,
        score_cutoff=100 * threshold,
    )
    ids = [case.id for case in golden]
    rows = [(ids[i], j, float(found[i, j]) / 100) for i, j in _places(found)]
    return pl.DataFrame(rows, schema=_LEAKS, orient="row").sort("likeness", descending=True)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _places(found: Any) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(found)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
