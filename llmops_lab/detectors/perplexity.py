"""How much more surprising current texts are than baseline texts, to a model of the baseline."""

import numpy as np

from llmops_lab._scan.character_model import coded, surprise
from llmops_lab._scan.units import Bools, Floats, Ints, resampled_units
from llmops_lab.detectors._shift import FEWEST_UNITS, Sample, Shift, detectors

_MOST_ROWS = 10_000
_N_RESAMPLES = 500
_CONFIDENCE = 0.95


@detectors.register("perplexity")
def perplexity(sample: Sample) -> Shift:
    """Ratio of perplexities of queries, per character: 1 is calm, above 1.15 is not.

    Cross-fitted: the units fall into two halves, and each half, baseline and current, is read
    by a 5-gram model of the other half's baseline, so that nobody is judged by what they
    wrote themselves. The interval resamples units, if there are 8. Sees style, language and
    gibberish, not topics.
    """
    rng = np.random.default_rng(sample.seed)
    rows = _some_rows(sample, rng)
    texts, block, _ = sample.take(rows)
    unit, current = sample.units.unit[block], sample.units.is_current[block]
    nats, length = _cross_fitted(texts, current, rng.integers(0, 2, unit.max() + 1)[unit] > 0)
    sums = _unit_sums(unit, current, nats, length)
    draws = _ratio(resampled_units(len(sums), _N_RESAMPLES, rng) @ sums)
    ratio = float(_ratio(sums.sum(axis=0)[None])[0])
    if len(sums) < FEWEST_UNITS:
        return Shift(ratio, 1.0)
    low, high = np.nanquantile(draws, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Shift(ratio, 1.0, float(low), float(high), warn_above=1.0, flag_above=1.15)


def _some_rows(sample: Sample, rng: np.random.Generator) -> Ints:
    rows = np.arange(len(sample.texts))
    windows = (rows[~sample.is_current], rows[sample.is_current])
    kept = [
        rng.choice(window, _MOST_ROWS, replace=False) if len(window) > _MOST_ROWS else window
        for window in windows
    ]
    return np.concatenate(kept)


def _cross_fitted(texts: list[str], current: Bools, half: Bools) -> tuple[Floats, Floats]:
    """−log p summed, and characters, per text."""
    read = coded(texts)
    first, second = surprise(read, ~current & half), surprise(read, ~current & ~half)
    nats = np.where(half[read.text], second, first)
    length = np.bincount(read.text, minlength=len(texts)).astype(np.float64)
    return np.bincount(read.text, nats, len(texts)).astype(np.float64), length


def _unit_sums(unit: Ints, current: Bools, nats: Floats, length: Floats) -> Floats:
    """Per unit (units, 4): −log p and characters in the baseline, then in current."""
    _, number = np.unique(unit, return_inverse=True)
    columns = [
        np.bincount(number, values * window).astype(np.float64)
        for window in (~current, current)
        for values in (nats, length)
    ]
    return np.stack(columns, axis=1)


def _ratio(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1])
