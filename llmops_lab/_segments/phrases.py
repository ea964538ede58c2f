"""What groups of texts are about, in phrases that people wrote in them.

A word is weighed by how much of the group says it and how much more than all texts do (its part
of Kullback and Leibler's divergence, 1951). The phrase that holds most of that weight names the
group, then the one that says most of the rest. Forms of one word count as one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Prefix

from llmops_lab._scan.words import STOP_WORDS, UNSPACED, terms, words

Bools = NDArray[np.bool_]
Phrase = tuple[str, ...]
"""The stems of a phrase, in order."""

_FILLERS, _ASKING = (
    frozenset((Path(__file__).parent / f"_{kind}_words.txt").read_text(encoding="utf-8").split())
    for kind in ("filler", "asking")
)
_CLAUSE = re.compile(r"[.,;:!?()\[\]{}\"“”„«»|/\n–—¿¡。，！？、；：]+|\s-\s")
# A phrase that one in ten says shows in 400 texts, and what is asked stands near the start.
_MOST_TEXTS = 400
_MOST_CHARACTERS = 400
_LONGEST = 7
_MOST_STEMS = 24
_LIFT = 1.5
_LEAST_SAID = 3
_LEAST_WRITTEN = 2
_LEAST_SHARE = 0.1
_LEAST_FIRST = 0.08
_ASKED = 0.4
# What is said again and again is preferred, and what is short: chosen by eye on CLINC150,
# BANKING77 and the sample data (docs/drift.md).
_REPEATED, _SHORT = 0.15, 0.1
_AGAIN = 0.25
_LESS = (1.0, 0.8, 0.5)


def phrases(texts: Sequence[str], groups: Sequence[Bools], *, n: int = 6) -> list[list[str]]:
    """Up to `n` phrases for each group of the texts, those that say most of it first.

    No two hold forms of one word. Empty where not even 8 % of a group say something that
    others say less.
    """
    texts, stem = list(texts), _stems(texts)
    said = [_said(text, stem) for text in texts]
    common = Counter(s for found in said for s in found)
    share = {s: times / len(texts) for s, times in common.items()}
    found: list[list[str]] = []
    for group in groups:
        rows = np.flatnonzero(group)
        some = rows[:: max(1, len(rows) // _MOST_TEXTS)].tolist()
        about = _About([texts[i] for i in some], [said[i] for i in some], share, stem)
        found.append(_chosen(about, n))
    return found


def topical_terms(text: str) -> set[str]:
    """The terms of a text (see `terms`) without courtesy, slang, days and months."""
    return {term for term in terms(text) if not _FILLERS.intersection(term.split())}


def without_forms(found: Iterable[str]) -> list[str]:
    """The terms without those that only add another form of a word before them."""
    kept: list[str] = []
    for term in found:
        before = [word for other in kept for word in other.split()]
        if not all(any(same_word(word, other) for other in before) for word in term.split()):
            kept.append(term)
    return kept


def same_word(first: str, second: str) -> bool:
    """Whether two words are forms of one: they begin alike and differ in a short ending."""
    shared = Prefix.similarity(first, second)
    shorter, longer = sorted((len(first), len(second)))
    return shared >= max(3, shorter - (shorter >= 5)) and longer - shared <= 4


def _stems(texts: Sequence[str]) -> dict[str, str]:
    """Every word that carries meaning, to the shortest word that it is a form of."""
    spoken = {word for text in texts for word in words(text)} - STOP_WORDS - _FILLERS
    stem: dict[str, str] = {}
    heads: dict[str, list[str]] = {}
    for word in sorted(word for word in spoken if len(word) > 1 and not word.isdigit()):
        alike = heads.setdefault(word[:3], [])
        head = next((head for head in alike if same_word(head, word)), word)
        if head == word:
            alike.append(word)
        stem[word] = head
    return stem


def _said(text: str, stem: dict[str, str]) -> set[str]:
    return {stem[word] for word in words(text) if word in stem}


@dataclass(frozen=True)
class _About:
    """Texts of one group, the stems of each, each stem's share of all texts, and all stems."""

    texts: Sequence[str]
    said: Sequence[set[str]]
    share: dict[str, float]
    stem: dict[str, str]

    @cached_property
    def times(self) -> Counter[str]:
        return Counter(s for found in self.said for s in found)

    @cached_property
    def weight(self) -> dict[str, float]:
        """The stems that tell the group from all texts, at most 24."""
        n, least = len(self.texts), min(_LEAST_SAID, len(self.texts))
        lift = {s: k / n / self.share[s] for s, k in self.times.items() if k >= least}
        # Where all texts say the same, such as in a report of one topic, every bit counts.
        clear = [s for s in lift if lift[s] >= _LIFT] or [s for s in lift if lift[s] > 1]
        weight = {s: self.times[s] / n * log(lift[s]) for s in clear}
        return {s: weight[s] for s in sorted(weight, key=lambda s: (-weight[s], s))[:_MOST_STEMS]}

    @cached_property
    def spans(self) -> dict[Phrase, Counter[str]]:
        """Phrases that begin and end with a telling word, and how people wrote them.

        What only one text says is none, nor what holds a word (a name, a number) that few say.
        """
        found: dict[Phrase, Counter[str]] = {}
        for text in self.texts:
            here: dict[Phrase, str] = {}
            for clause in _CLAUSE.split(text[:_MOST_CHARACTERS]):
                for phrase, written in self._of_clause(words(clause)):
                    here.setdefault(phrase, written)
            for phrase, written in here.items():
                found.setdefault(phrase, Counter())[written] += 1
        least = min(max(_LEAST_WRITTEN, 0.04 * len(self.texts)), len(self.texts))
        return {p: written for p, written in found.items() if written.total() >= least}

    def _of_clause(self, spoken: list[str]) -> Iterable[tuple[Phrase, str]]:
        stems = [self.stem.get(word, "") for word in spoken]
        for start, first in enumerate(stems):
            if first not in self.weight:
                continue
            phrase: list[str] = []
            for stop in range(start, min(len(spoken), start + _LONGEST)):
                if stems[stop] in phrase or not self._usual(spoken[stop], stems[stop]):
                    break
                if stems[stop] in self.weight:
                    phrase.append(stems[stop])
                    yield tuple(phrase), _joined(spoken[start : stop + 1])

    def _usual(self, word: str, stem: str) -> bool:
        return word in STOP_WORDS or word in _FILLERS or self.times[stem] >= _LEAST_SAID

    def asked(self, word: str) -> str:
        """The word with the question that it ends, where four in ten of its texts ask that."""
        said = [
            f" {' '.join(words(clause))} "
            for text in self.texts
            for clause in _CLAUSE.split(text[:_MOST_CHARACTERS])
        ]
        found = word
        for _ in range(3):
            before = [clause.partition(f" {found} ") for clause in said if f" {found} " in clause]
            ends = Counter(head.split()[-1] for head, _, _ in before if head.strip())
            last, times = ends.most_common(1)[0] if ends else ("", 0)
            if times < _ASKED * len(before) or not times:
                break
            found = f"{last} {found}"
            if last in _ASKING:
                return found
        return word


def _joined(spoken: Sequence[str]) -> str:
    """Words with spaces between; pairs of a script without spaces run into one another."""
    text = spoken[0]
    for last, word in pairwise(spoken):
        overlap = UNSPACED.search(word) and last[-1] == word[0]
        text += word[1:] if overlap else f" {word}"
    return text


def _chosen(about: _About, n: int) -> list[str]:
    """The phrases that say most of the group, each weighed by what is not yet said."""
    where = {s: {i for i, said in enumerate(about.said) if s in said} for s in about.weight}
    left, free = set(range(len(about.texts))), dict(about.spans)
    chosen: list[str] = []

    def score(phrase: Phrase) -> tuple[float, Phrase]:
        unsaid = sorted(
            (about.weight[s] * (_AGAIN + len(where[s] & left) / len(where[s])) for s in phrase),
            reverse=True,
        )
        written = free[phrase]
        size = min(len(surface.split()) for surface in written)
        told = sum(part * less for part, less in zip(unsaid, _LESS, strict=False))
        return told * written.total() ** _REPEATED / size**_SHORT, phrase

    while free and len(chosen) < n:
        best = max(free, key=score)
        least = _LEAST_SHARE if chosen else _LEAST_FIRST
        covered = set[int]().union(*(where[s] for s in best))
        if max(about.times[s] for s in best) >= least * len(about.texts):
            usual = _usual_form(free[best])
            chosen.append(about.asked(usual) if len(best) == 1 else usual)
            left -= covered
        elif not chosen:
            break
        free = {phrase: c for phrase, c in free.items() if not set(best) & set(phrase)}
    return chosen


def _usual_form(written: Counter[str]) -> str:
    """As most wrote it, of those the shortest."""
    return max(written, key=lambda surface: (written[surface], -len(surface), surface))
