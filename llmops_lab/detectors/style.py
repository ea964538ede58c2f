"""Can the windows be told apart by how people write? A classifier, on topics set aside.

Source: Lopez-Paz and Oquab 2017 (classifier two-sample tests).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmops_lab._scan.permutation import shuffled_windows
from llmops_lab._scan.units import Bools, Floats, Ints, Units
from llmops_lab._scan.words import broad_and_narrow_words
from llmops_lab.detectors._shift import Sample, Shift, detectors

Matrix = NDArray[np.float32]

_MOST_ROWS = 8_000
_MOST_CHARACTERS = 500
_N_PERMUTATIONS = 199
_RIDGE = 10.0
_FEATURES = 1000
_N_FOLDS = 5
_MOST_WORDS = 6


@detectors.register("style")
def style(sample: Sample) -> Shift:
    """Area under the curve, 0.5 (the same) to 1: how well wording tells current from baseline.

    A ridge classifier on character n-grams, less the mean of each topic and of each unit that is
    in both windows, is fitted on four fifths of the units and judged on the rest; the p-value
    permutes whole units. Above 0.5 with a
    small p-value people write differently; 0.55 is noticeable, 0.7 is another crowd.
    """
    rng = np.random.default_rng(sample.seed)
    rows = _some_rows(sample, rng)
    texts, block, topic = sample.take(rows)
    features = _own_habits_removed(_features(texts, topic), sample.units, block)
    fold = rng.integers(0, _N_FOLDS, sample.units.n_units)[sample.units.unit[block]]
    shuffles = [labels[block] for labels in shuffled_windows(sample.units, _N_PERMUTATIONS, rng)]
    labels = np.concatenate([sample.units.is_current[block][:, None], *shuffles], axis=1)
    observed, *null = _area(_scores(features, labels, fold), labels, fold)
    who = sample.units.unit[block], sample.units.is_current[block]
    broad, _ = broad_and_narrow_words(texts, who[1], who[0])
    p_value = float(1 + (np.array(null) >= observed).sum()) / (len(null) + 1)
    return Shift(float(observed), 0.5, p_value=p_value, words=tuple(broad[:_MOST_WORDS]))


def _some_rows(sample: Sample, rng: np.random.Generator) -> Ints:
    """All rows, or those of a random part of the units, at most about 8,000."""
    n = len(sample.texts)
    if n <= _MOST_ROWS:
        return np.arange(n)
    order = rng.permutation(sample.units.n_units)
    size = np.bincount(sample.units.unit, sample.units.n_rows, sample.units.n_units)
    chosen = np.zeros(sample.units.n_units, dtype=np.bool_)
    chosen[order[np.cumsum(size[order]) <= _MOST_ROWS]] = True
    rows = np.flatnonzero(chosen[sample.units.unit[sample.units.block]])
    return rows if len(rows) > _MOST_ROWS // 2 else rng.choice(n, _MOST_ROWS, replace=False)


def _features(texts: list[str], topic: Ints) -> Matrix:
    """TF-IDF of the 1,000 most frequent character 1- to 4-grams, less the mean of each topic."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(1, 4),
        max_features=_FEATURES,
        sublinear_tf=True,
    )
    found: Any = model.fit_transform([text[:_MOST_CHARACTERS] for text in texts])
    features: Matrix = found.astype(np.float32).toarray()
    return features - _group_means(features, topic)


def _group_means(features: Matrix, group: Ints) -> Matrix:
    """For each row the mean of its group."""
    _, number = np.unique(group, return_inverse=True)
    sums = np.zeros((int(number.max()) + 1, features.shape[1]), dtype=np.float32)
    np.add.at(sums, number, features)
    means: Matrix = sums / np.bincount(number)[:, None].astype(np.float32)
    return means[number]


def _own_habits_removed(features: Matrix, units: Units, block: Ints) -> Matrix:
    """Less the mean of each unit that is in both windows: how people differ is no shift."""
    in_both = units.partner[block] >= 0
    if not in_both.any():
        return features
    left = features.copy()
    left[in_both] -= _group_means(features[in_both], units.unit[block][in_both])
    return left


def _scores(features: Matrix, labels: Bools, fold: Ints) -> Floats:
    """A score per row and labelling: each fold of the units is scored by the others' fit."""
    scores = np.zeros(labels.shape)
    everything = features.T @ features
    for part in np.unique(fold):
        judged = fold == part
        known, wanted = features[~judged], labels[~judged].astype(np.float32)
        if not len(known):
            continue
        inner = everything - features[judged].T @ features[judged]
        inner += _RIDGE * np.eye(len(inner), dtype=np.float32)
        weights = np.linalg.solve(inner, known.T @ (wanted - wanted.mean(axis=0)))
        scores[judged] = features[judged] @ weights
    return scores


def _area(scores: Floats, labels: Bools, fold: Ints) -> Floats:
    """Area under the curve per labelling, the mean over the folds."""
    from scipy.stats import rankdata

    areas: list[Floats] = []
    for part in np.unique(fold):
        judged = fold == part
        ranks = rankdata(scores[judged], axis=0)
        positive = labels[judged]
        n = positive.sum(axis=0)
        pairs = n * (len(positive) - n)
        area = ((ranks * positive).sum(axis=0) - n * (n + 1) / 2) / np.maximum(pairs, 1)
        areas.append(np.where(pairs > 0, area, 0.5))
    return np.mean(areas, axis=0)
