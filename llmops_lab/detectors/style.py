"""Can the windows be told apart by how people write? A classifier, on topics set aside.

Source: Lopez-Paz and Oquab 2017 (classifier two-sample tests).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmops_lab._permutation import shuffled_windows
from llmops_lab._units import Bools, Floats, Ints
from llmops_lab._words import telling_words, words
from llmops_lab.detectors._shift import Sample, Shift, detectors

_MOST_ROWS = 2500
_N_PERMUTATIONS = 199
_RIDGE = 1.0
_FEATURES = 2**15


@detectors.register("style")
def style(sample: Sample) -> Shift:
    """Area under the curve, 0.5 (the same) to 1: how well wording tells current from baseline.

    A ridge classifier on character n-grams, less the mean of each topic, is fitted on half
    of the units and judged on the other half; the p-value permutes whole units.
    """
    rng = np.random.default_rng(sample.seed)
    rows = _some_rows(sample, rng)
    texts, block, topic = sample.take(rows)
    likeness = _likeness(texts, topic)
    fold = rng.integers(0, 2, sample.units.n_units)[sample.units.unit[block]] > 0
    judge = _judge(likeness, fold)
    observed = _area(judge, sample.units.is_current[block][:, None], fold)[0]
    shuffles = shuffled_windows(sample.units, _N_PERMUTATIONS, rng)
    null = np.concatenate([_area(judge, labels[block], fold) for labels in shuffles])
    p_value = float(1 + (null >= observed).sum()) / (len(null) + 1)
    return Shift(float(observed), 0.5, p_value=p_value, words=_giveaways(sample))


def _some_rows(sample: Sample, rng: np.random.Generator) -> Ints:
    """All rows, or those of a random part of the units, at most about 2,500."""
    n = len(sample.texts)
    if n <= _MOST_ROWS:
        return np.arange(n)
    order = rng.permutation(sample.units.n_units)
    size = np.bincount(sample.units.unit, sample.units.n_rows, sample.units.n_units)
    chosen = np.zeros(sample.units.n_units, dtype=np.bool_)
    chosen[order[np.cumsum(size[order]) <= _MOST_ROWS]] = True
    rows = np.flatnonzero(chosen[sample.units.unit[sample.units.block]])
    return rows if len(rows) > _MOST_ROWS // 2 else rng.choice(n, _MOST_ROWS, replace=False)


def _likeness(texts: list[str], topic: Ints) -> Floats:
    """Dot products (n, n) of character n-gram vectors, centred within topics."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    grams = HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), n_features=_FEATURES, alternate_sign=False
    ).transform([text[:500] for text in texts])
    vectors: Any = TfidfTransformer(sublinear_tf=True).fit_transform(grams)
    products: Floats = (vectors @ vectors.T).toarray()
    _, number = np.unique(topic, return_inverse=True)
    mean = _topic_means(number)
    products -= (products @ mean.T)[:, number]
    products -= (mean @ products)[number]
    return products


def _topic_means(number: Ints) -> Floats:
    means = np.zeros((int(number.max()) + 1, len(number)))
    means[number, np.arange(len(number))] = 1
    return means / means.sum(axis=1, keepdims=True)


def _judge(likeness: Floats, fold: Bools) -> Floats:
    """The matrix that turns labels into scores: each half is scored by the other's fit."""
    judge = np.zeros_like(likeness)
    for fitted in (fold, ~fold):
        train, test = np.flatnonzero(fitted), np.flatnonzero(~fitted)
        if not len(train) or not len(test):
            continue
        inner = likeness[np.ix_(train, train)] + _RIDGE * np.eye(len(train))
        centre = np.eye(len(train)) - 1 / len(train)
        weights = np.linalg.solve(inner, centre)
        judge[np.ix_(test, train)] = likeness[np.ix_(test, train)] @ weights
    return judge


def _area(judge: Floats, labels: NDArray[np.bool_], fold: Bools) -> Floats:
    """Area under the curve per labelling, the mean over the two halves."""
    from scipy.stats import rankdata

    scores = judge @ labels.astype(np.float64)
    areas: list[Floats] = []
    for half in (fold, ~fold):
        ranks = rankdata(scores[half], axis=0)
        positive = labels[half]
        n = positive.sum(axis=0)
        pairs = np.maximum(n * (len(positive) - n), 1)
        areas.append(((ranks * positive).sum(axis=0) - n * (n + 1) / 2) / pairs)
    return (areas[0] + areas[1]) / 2


def _giveaways(sample: Sample) -> tuple[str, ...]:
    now = [text for text, new in zip(sample.texts, sample.is_current, strict=True) if new]
    then = [text for text, new in zip(sample.texts, sample.is_current, strict=True) if not new]
    return tuple(telling_words(now, then, read=words, least_z=3.0))
