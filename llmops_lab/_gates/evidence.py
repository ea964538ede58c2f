"""Evidence, case by case, that a candidate is worse by more than a margin; looking is free.

A bet on each change against "worse by at most the margin on average"; the mean wealth over bets
of different size is an e-process, so that it passes 1 / alpha with a chance of at most alpha
however often one looks (Ville's inequality). Source: Waudby-Smith and Ramdas 2024, "Estimating
means of bounded random variables by betting".
"""

from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

_N_BETS = 30


@dataclass
class Evidence:
    """Wealth of the bets so far, against a mean loss of at most `margin`.

    Changes lie between −1 and 1 and come from independent cases.
    """

    margin: float
    alpha: float
    n: int = 0
    _log_wealth: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_N_BETS))

    def add(self, change: float) -> None:
        """Take the change of one more case: 1 from wrong to right, −1 from right to wrong."""
        # A bet of less than 1 / (1 + margin) cannot lose more than there is.
        bets = np.arange(1, _N_BETS + 1) / (_N_BETS + 1) / (1 + self.margin)
        self._log_wealth = self._log_wealth + np.log1p(bets * (-change - self.margin))
        self.n += 1

    @property
    def e_value(self) -> float:
        """Below 1 is nothing; 1 / alpha or more is proof at level alpha."""
        return float(np.exp(np.logaddexp.reduce(self._log_wealth) - log(_N_BETS)))

    @property
    def is_enough(self) -> bool:
        return self.e_value >= 1 / self.alpha
