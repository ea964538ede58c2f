"""How much less sure models have become of their answers, by their own log-probabilities."""

import numpy as np

from llmops_lab._scan.units import Bools, Floats, Ints, bags_of, resampled_units
from llmops_lab.detectors._shift import FEWEST_UNITS, Likelihood, Sample, Shift, detectors

_LEAST_ROWS = 30
_N_RESAMPLES = 500


@detectors.register("answer_perplexity")
def answer_perplexity(sample: Sample) -> Shift | None:
    """Ratio of perplexities of answers, per token: 1 is calm, above 1.15 is not.

    exp(−Σ log p / Σ tokens), current over baseline, of each model that at least 30 traces of
    both windows tell; the models' logarithms are weighted by their tokens in current, so that no
    two tokenizers are ever compared. The interval resamples units, if there are 8. None without
    log-probabilities.
    """
    answers = sample.answers
    if answers is None:
        return None
    current, unit = sample.is_current, sample.unit_of_row
    models = _comparable(answers, current)
    if not models:
        return None
    rng = np.random.default_rng(sample.seed)
    bag = bags_of(sample.units.n_units, rng)[unit]
    weights = resampled_units(int(bag.max()) + 1, _N_RESAMPLES, rng)
    weights = np.concatenate([np.ones((1, weights.shape[1])), weights])
    sums = np.stack([_sums(answers, model, current, bag, weights) for model in models])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3]
        ratios = np.exp(np.average(logs, axis=0, weights=sums[..., 1]))
    ratio = float(ratios[0])
    if sample.units.n_units < FEWEST_UNITS:
        return Shift(ratio, 1.0)
    low, high = np.nanquantile(ratios[1:], [0.025, 0.975])
    return Shift(ratio, 1.0, float(low), float(high), warn_above=1.0, flag_above=1.15)


def _comparable(answers: Likelihood, current: Bools) -> list[str]:
    """The models that enough traces of both windows tell of."""
    told = _told(answers)
    names = np.unique(answers.model[told])
    return [
        str(name)
        for name in names
        if min((told & (answers.model == name) & window).sum() for window in (current, ~current))
        >= _LEAST_ROWS
    ]


def _told(answers: Likelihood) -> Bools:
    return (answers.tokens > 0) & np.isfinite(answers.logprob) & (answers.model != "")


def _sums(answers: Likelihood, model: str, current: Bools, bag: Ints, weights: Floats) -> Floats:
    """Per resample (…, 4): −Σ log p and tokens in current, then in the baseline."""
    told = _told(answers) & (answers.model == model)
    columns = [
        np.bincount(bag[rows], values[rows], weights.shape[1])
        for rows in (told & current, told & ~current)
        for values in (-answers.logprob, answers.tokens)
    ]
    return weights @ np.stack(columns, axis=1)
