"""How often a slow rise is found, day by day, and how often one is seen where there is none.

    python benchmarks/decay.py [--runs 400]

Failures at 5 % for 14 days, then a straight ramp over 21 days, 100 requests a day. Methods that
look back over a sliding window, and those that hold the window against a pinned baseline, may
each alarm on any of the 21 days; every threshold is set, by simulation at a constant 5 %, so that
5 % of calm runs alarm. The last two lines are `detect_decay` itself, which looks once, at the end.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from llmops_lab._drift.pinned import Series, cusum, risen, trend, week

PINNED, DAYS, PER_DAY, RATE = 14, 21, 100, 0.05


def drawn(rng: np.random.Generator, runs: int, end: float, spread: float = 1.0) -> np.ndarray:
    """Failures per run and day; with `spread` above 1 days differ more than chance."""
    ramp = np.r_[np.full(PINNED, RATE), np.linspace(RATE, end, DAYS + 1)[1:]]
    rates = np.broadcast_to(ramp, (runs, PINNED + DAYS))
    if spread > 1:
        weight = (PER_DAY - 1) / (spread - 1) - 1
        rates = rng.beta(rates * weight, (1 - rates) * weight)
    return rng.binomial(PER_DAY, rates)


def sliding(hits: np.ndarray, width: int) -> np.ndarray:
    """Largest z of `width` days against the `width` days before, over all later days."""
    sums = np.cumsum(np.pad(hits, ((0, 0), (1, 0))), axis=1)
    windows = sums[:, width:] - sums[:, :-width]
    last = np.arange(PINNED + 1, PINNED + DAYS + 1) - width
    now, then, n = windows[:, last], windows[:, last - width], width * PER_DAY
    pooled = (now + then) / (2 * n)
    return ((now - then) / n / np.sqrt(np.maximum(pooled * (1 - pooled), 1e-9) * 2 / n)).max(axis=1)


def pinned(statistic: Callable[[Series, np.ndarray], np.ndarray]):
    """Largest value of a pinned statistic over all later days."""

    def largest(hits: np.ndarray) -> np.ndarray:
        values = np.empty((len(hits), DAYS))
        for run, counts in enumerate(hits):
            for day in range(1, DAYS + 1):
                n = np.full(PINNED + day, PER_DAY)
                series = Series(counts[: PINNED + day], n, PINNED)
                value = statistic(series, series.later[0])
                values[run, day - 1] = value[-1] if np.ndim(value) else value
        return values.max(axis=1)

    return largest


METHODS = {
    "a day against the day before": lambda hits: sliding(hits, 1),
    "7 days against the 7 before": lambda hits: sliding(hits, 7),
    "7 days against the pinned 14": pinned(week),
    "pinned CUSUM": pinned(cusum),
    "Cochran–Armitage trend": pinned(trend),
}


def found_at_the_end(hits: np.ndarray) -> float:
    n = np.full(PINNED + DAYS, PER_DAY)
    return float(np.mean([risen(Series(h, n, PINNED)).p_value <= 0.05 for h in hits]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    rng = np.random.default_rng(0)
    calm = drawn(rng, 5 * runs, RATE)
    ramps = {end: drawn(rng, runs, end) for end in (0.10, 0.15)}
    fresh = drawn(rng, runs, RATE)
    print("| method | alarms without a rise | ramp to 10 % | ramp to 15 % | CPU s |")
    print("| --- | --- | --- | --- | --- |")
    for name, method in METHODS.items():
        start = time.process_time()
        threshold = np.quantile(method(calm), 0.95)
        rates = [float((method(hits) > threshold).mean()) for hits in (fresh, *ramps.values())]
        seconds = time.process_time() - start
        print(f"| {name} | {' | '.join(f'{r:.2f}' for r in rates)} | {seconds:.1f} |", flush=True)
    rates = [found_at_the_end(hits) for hits in (fresh, *ramps.values())]
    print(f"| detect_decay, once | {' | '.join(f'{r:.2f}' for r in rates)} | |")
    low, high = stats.binomtest(round(rates[0] * runs), runs).proportion_ci(method="wilson")
    print(f"\ndetect_decay without a rise: {rates[0]:.3f} ({low:.3f}–{high:.3f}) of {runs} runs")


if __name__ == "__main__":
    main()
