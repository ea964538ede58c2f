"""Did a mean change over all queries? Whole units change windows; all metrics are tested at once.

Sources: Chung and Romano 2013 (studentised permutation); Westfall and Young 1993 (max-T).
"""

from collections.abc import Sequence

import numpy as np

from llmops_lab._scan.permutation import ScanResult, shuffled_windows, step_down
from llmops_lab._scan.units import Bools, Floats, Ints, Units


def scan_overall(
    units: Units, metrics: Sequence[Floats], *, n_permutations: int = 999, seed: int = 0
) -> ScanResult:
    """Test the change of every metric (a number per row, NaN unknown), up or down, at once."""
    sums = [_per_block(units, values) for values in metrics]

    def changes(labels: Bools) -> Floats:
        found = [change_of_mean(size, excess, units.partner, labels) for size, excess in sums]
        return np.array(found).reshape(len(sums), labels.shape[1])

    shuffles = shuffled_windows(units, n_permutations, np.random.default_rng(seed))
    null = np.concatenate([changes(labels) for labels in shuffles], axis=1)
    return step_down(changes(units.is_current[:, None])[:, 0], null, alpha=0.05)


def _per_block(units: Units, values: Floats) -> tuple[Floats, Floats]:
    """Known values of each block, and the sum of what they are beyond the mean."""
    known = ~np.isnan(values)
    block, n = units.block[known], len(units.n_rows)
    size = np.bincount(block, minlength=n).astype(np.float64)
    return size, np.bincount(block, values[known] - values[known].mean(), n).astype(np.float64)


def change_of_mean(size: Floats, excess: Floats, partner: Ints, labels: Bools) -> Floats:
    """Change of the mean over its standard error, per labelling of the blocks.

    `size` is how many known values each block has, `excess` Σ (value − mean) of them.
    """
    n = size.sum()
    now = size @ labels
    then = n - now
    moved = excess @ labels
    squares = excess**2
    squares_now = squares @ labels
    first = np.flatnonzero(partner >= 0)
    # Each pair is met from both sides, so this sum is twice Σ r·r'.
    crossed = float(excess[first] @ excess[partner[first]])
    with np.errstate(divide="ignore", invalid="ignore"):
        change = moved * n / (now * then)
        variance = squares_now / now**2 + (squares.sum() - squares_now) / then**2
        variance = variance - crossed / (now * then)
        statistic = change / np.sqrt(variance)
    return np.where(np.isfinite(statistic), statistic, 0.0)
