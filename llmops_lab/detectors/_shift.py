"""What a detector looks at and what it says: a measurement, never a verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmops_lab._registry import Registry
from llmops_lab._scan.units import Bools, Floats, Ints, Units


@dataclass(frozen=True)
class Sample:
    """Texts of both windows, who wrote each, and the topic (a small group) each is of.

    `answers` are the models' own probabilities of what they answered, where traces have them.
    """

    texts: Sequence[str]
    units: Units
    topic: Ints
    seed: int = 0
    answers: "Likelihood | None" = None

    @property
    def is_current(self) -> Bools:
        return self.units.is_current[self.units.block]

    @property
    def unit_of_row(self) -> Ints:
        return self.units.unit[self.units.block]

    def take(self, rows: NDArray[np.int64]) -> tuple[list[str], Ints, Ints]:
        """Texts, blocks and topics of some rows."""
        return [self.texts[int(i)] for i in rows], self.units.block[rows], self.topic[rows]


@dataclass(frozen=True)
class Likelihood:
    """Per row: the model that answered ("" unknown), Σ log p of its tokens and how many; NaN and
    0 where the trace has none."""

    model: NDArray[np.str_]
    logprob: Floats
    tokens: Floats


@dataclass(frozen=True)
class Shift:
    """How far current lies from baseline: `statistic` with an interval or a p-value or both.

    `calm` is what the statistic is without a shift; an interval wholly above `warn_above` is
    worth a look, wholly above `flag_above` is a finding. `words` give the shift away.
    """

    statistic: float
    calm: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    warn_above: float | None = None
    flag_above: float | None = None
    words: tuple[str, ...] = ()


# Resampling fewer units than this gives no interval.
FEWEST_UNITS = 8

# None where the sample does not hold what the detector looks at.
Detector = Callable[[Sample], Shift | None]

detectors: Registry[Detector] = Registry("detector", "llmops_lab.detectors")
