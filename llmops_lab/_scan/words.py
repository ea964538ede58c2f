"""What a text says, which words tell two windows apart, which texts stand for a group.

Source: Monroe, Colaresi and Quinn 2008, "Fightin' Words" (log-odds with an informative Dirichlet
prior).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Function words of the languages that most traffic is in. Words that are common everywhere
# weigh little anyway; this keeps them out of small groups.
STOP_WORDS = frozenset(
    (Path(__file__).parent / "_stop_words.txt").read_text(encoding="utf-8").split()
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
# Texts are read this far: a pasted document must not outweigh a thousand questions.
_MOST_CHARACTERS = 2000
_STEM = 5
_BROAD = 0.65
_RISEN = 3.0


def words(text: str) -> list[str]:
    """The words of a text, lower case; a script without spaces in overlapping pairs."""
    found: list[str] = []
    for word in _WORD.findall(text[:_MOST_CHARACTERS].lower().replace("’", "'")):
        if UNSPACED.search(word):
            found += [a + b for a, b in pairwise(word)] or [word]
        else:
            found.append(word)
    return found


def terms(text: str) -> set[str]:
    """Words that carry meaning, and pairs of neighbours of which both do. Each counts once."""
    spoken = words(text)
    single = {word for word in spoken if _meaningful(word)}
    return single | {
        f"{a} {b}" for a, b in pairwise(spoken) if a in single and b in single and a != b
    }


def _meaningful(word: str) -> bool:
    return word not in STOP_WORDS and not word.isdigit() and len(word) > 1


def same_stem(
    texts: Sequence[str], *, least: float = 0.02, most: float = 0.35
) -> list[NDArray[np.int64]]:
    """Rows of the texts that hold a word of one stem, for every stem in 2 % to 35 % of them.

    The stem is the first five letters: crude, and the same for all languages.
    """
    rows: dict[str, list[int]] = {}
    known: dict[str, set[str]] = {}
    for i, text in enumerate(texts):
        # Production traffic repeats itself, answers above all.
        if text not in known:
            known[text] = {word[:_STEM] for word in words(text) if _meaningful(word)}
        for stem in known[text]:
            rows.setdefault(stem, []).append(i)
    within = (least * len(texts), most * len(texts))
    return [np.array(rows[s]) for s in sorted(rows) if within[0] <= len(rows[s]) <= within[1]]


def telling_words(
    current: Iterable[str],
    baseline: Iterable[str],
    *,
    n: int = 6,
    least_z: float = 2.0,
    read: Callable[[str], Iterable[str]] = terms,
) -> list[str]:
    """Terms that tell the current texts from the baseline ones, strongest first.

    Log-odds with all texts as prior, in standard errors; those above `least_z` are kept.
    `read` takes a text apart; a term counts once per text.
    """
    now = Counter(term for text in current for term in set(read(text)))
    then = Counter(term for text in baseline for term in set(read(text)))
    n_now, n_then = sum(now.values()), sum(then.values())
    if not n_now or not n_then:
        return []
    scale = 500 / (n_now + n_then)
    scores: dict[str, float] = {}
    for term, times in now.items():
        prior = scale * (times + then[term])
        odds_now = (times + prior) / (n_now + 500 - times - prior)
        odds_then = (then[term] + prior) / (n_then + 500 - then[term] - prior)
        deviation = (1 / (times + prior) + 1 / (then[term] + prior)) ** 0.5
        scores[term] = float(np.log(odds_now / odds_then)) / deviation
    return _strongest({t: z for t, z in scores.items() if z >= least_z}, now, n)


def broad_and_narrow_words(
    texts: Sequence[str], is_current: NDArray[np.bool_], unit: NDArray[np.int64]
) -> tuple[list[str], list[str]]:
    """Words that tell current from baseline: those that stand beside all kinds of words, which
    are style, and the others, which are topic.

    A word counts once per unit, so that one who repeats himself is one voice. It is broad when
    the other words of its texts are about as diverse (inverse Simpson, above 0.65) as those of as
    many current texts on average; words that rose themselves do not count as company.
    """
    spoken = [set(words(text)) for text in texts]
    voices: dict[tuple[bool, int], set[str]] = {}
    for said, now, who in zip(spoken, is_current.tolist(), unit.tolist(), strict=True):
        voices.setdefault((now, who), set()).update(said)
    told = _risen([[v for (w, _), v in voices.items() if w == now] for now in (False, True)])
    company = [
        {word for word in said if _meaningful(word)} - set(told)
        for said, now in zip(spoken, is_current.tolist(), strict=True)
        if now
    ]
    current = [said for said, now in zip(spoken, is_current.tolist(), strict=True) if now]
    broad = [word for word in told if _breadth(word, current, company) >= _BROAD]
    return broad, [word for word in told if word not in broad]


def _breadth(word: str, spoken: Sequence[set[str]], company: Sequence[set[str]]) -> float:
    """Diversity of the words beside `word`, against that of as many texts evenly drawn."""
    rows = [i for i, said in enumerate(spoken) if word in said]
    step = max(1, len(spoken) // max(1, len(rows)))
    drawn = [_diversity(company[start::step][: len(rows)]) for start in range(min(step, 5))]
    return _diversity([company[i] for i in rows]) / max(1e-9, sum(drawn) / len(drawn))


def _diversity(sets: Sequence[set[str]]) -> float:
    counts = Counter(word for words_of in sets for word in words_of)
    total = sum(counts.values())
    return total**2 / sum(times**2 for times in counts.values()) if total else 0.0


def _risen(windows: Sequence[Sequence[set[str]]]) -> list[str]:
    """Words that a larger share of the second window's sets hold: z of two proportions above 3."""
    n_then, n_now = (len(sets) for sets in windows)
    then, now = (Counter(word for said in sets for word in said) for sets in windows)
    found: dict[str, float] = {}
    for word, times in now.items():
        share = (times + then[word]) / (n_now + n_then)
        error = (share * (1 - share) * (1 / n_now + 1 / max(1, n_then))) ** 0.5
        z = (times / n_now - then[word] / max(1, n_then)) / error if error else 0.0
        if z > _RISEN:
            found[word] = z
    return sorted(found, key=lambda word: (-found[word], word))


def _strongest(weights: dict[str, float], counts: Counter[str], n: int) -> list[str]:
    """The best terms; a word is left out when a pair that holds it says the same."""
    chosen: list[str] = []
    for term in sorted(weights, key=lambda t: (-weights[t], t)):
        parts = set(term.split())
        pair = next((c for c in chosen if parts < set(c.split())), None)
        word = next((c for c in chosen if set(c.split()) < parts), None)
        if pair is not None or (word is not None and counts[term] < 0.7 * counts[word]):
            continue
        if word is not None:
            chosen[chosen.index(word)] = term
        else:
            chosen.append(term)
        if len(chosen) > n:
            break
    return chosen[:n]


def examples(
    vectors: NDArray[np.float32], texts: Sequence[str], rows: NDArray[np.int64], *, n: int = 3
) -> list[str]:
    """The texts among `rows` nearest their centre (the first is the medoid), unlike each other."""
    if not len(rows):
        return []
    group = vectors[rows]
    order = rows[np.argsort(-(group @ group.mean(axis=0)), kind="stable")]
    chosen: list[int] = []
    for row in order:
        alike = vectors[chosen] @ vectors[row] if chosen else np.zeros(1)
        if alike.max() < 0.97:
            chosen.append(int(row))
        if len(chosen) == n:
            break
    return [texts[row] for row in chosen]
