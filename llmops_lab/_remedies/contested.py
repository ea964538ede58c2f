"""Answers that one user liked and others did not: they teach what is to be mended."""

import re
from collections import Counter
from collections.abc import Sequence

_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_SHORTEST = 15


def contested(liked: Sequence[str], disliked: Sequence[str]) -> list[str | None]:
    """For each liked answer, a sentence of it that stands in two or more disliked answers, and
    in a larger share of those than of the liked ones; None where there is no such sentence.
    """
    good = Counter(sentence for answer in liked for sentence in _sentences(answer))
    bad = Counter(sentence for answer in disliked for sentence in _sentences(answer))
    worse = {
        sentence
        for sentence, times in bad.items()
        if times > 1 and times * len(liked) > good[sentence] * len(disliked)
    }
    return [next((s for s in sorted(_sentences(answer)) if s in worse), None) for answer in liked]


def _sentences(answer: str) -> set[str]:
    parts = (" ".join(part.split()).casefold() for part in _END.split(answer))
    return {part for part in parts if len(part) >= _SHORTEST}
