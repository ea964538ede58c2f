"""Two windows of embedded traces laid side by side, with who made each row."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab._scan.units import Bools, Floats, Ints, Units, resampled_units, units_of
from llmops_lab.embeddings import Embeddings
from llmops_lab.errors import LabError

_LEAST_ROWS = 30
_N_RESAMPLES = 1000


@dataclass(frozen=True)
class Comparison:
    """Rows of the baseline, then of current: `frame`, `matrix`, `is_current`, `units`."""

    frame: pl.DataFrame
    matrix: NDArray[np.float32]
    is_current: Bools
    units: Units
    seed: int = 0
    embedder: str = ""

    @cached_property
    def texts(self) -> list[str]:
        return self.frame["text"].to_list()

    @cached_property
    def answers(self) -> list[str]:
        """What was answered, "" where unknown."""
        if "output_text" not in self.frame.columns:
            return [""] * self.frame.height
        return self.frame["output_text"].fill_null("").to_list()

    @cached_property
    def unit_of_row(self) -> Ints:
        return self.units.unit[self.units.block]

    @cached_property
    def weights(self) -> Floats:
        """Bootstrap weights of the units, shared by all intervals."""
        return resampled_units(self.units.n_units, _N_RESAMPLES, np.random.default_rng(self.seed))

    def units_of_rows(self, rows: Ints) -> Units:
        """The units of some of the rows."""
        return units_of(self.unit_of_row[rows], self.is_current[rows])

    def n_units(self, rows: Bools) -> int:
        return len(np.unique(self.unit_of_row[rows]))

    def per_unit(self, rows: Bools) -> Floats:
        """How many of these rows each unit has."""
        return np.bincount(self.unit_of_row[rows], minlength=self.units.n_units).astype(np.float64)

    def shares(self, rows: Bools) -> tuple[float, float]:
        """The rows' share of the baseline and of current."""
        return float(rows[~self.is_current].mean()), float(rows[self.is_current].mean())

    def share_interval(self, rows: Bools) -> tuple[float, float]:
        """95 % interval of the change of share, resampling whole units."""
        now, then = self.is_current, ~self.is_current
        counts = [self.per_unit(group) for group in (rows & now, now, rows & then, then)]
        drawn = self.weights @ np.stack(counts, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = drawn[:, 0] / drawn[:, 1] - drawn[:, 2] / drawn[:, 3]
        low, high = np.nanquantile(change, [0.025, 0.975])
        return float(low), float(high)


def compared(baseline: Embeddings, current: Embeddings, *, unit: str, seed: int) -> Comparison:
    """Both windows in one frame. Raises LabError when they cannot be compared."""
    _check(baseline, current)
    frame = pl.concat([baseline.frame, current.frame], how="diagonal_relaxed")
    matrix = np.concatenate([baseline.matrix, current.matrix])
    is_current = np.arange(frame.height) >= len(baseline)
    units = units_of(unit_ids(frame, unit), is_current)
    return Comparison(frame, matrix, is_current, units, seed, current.embedder)


def unit_ids(frame: pl.DataFrame, unit: str) -> NDArray[np.str_]:
    """Who made each row: `unit`, else the conversation, else the trace itself."""
    if unit not in frame.columns:
        raise LabError(
            f"no column {unit!r} to tell units by; there are: {', '.join(frame.columns)}"
        )
    known = [c for c in (unit, "conversation_id", "trace_id") if c in frame.columns]
    ids = [pl.lit(f"{name}:") + pl.col(name).cast(pl.String) for name in dict.fromkeys(known)]
    numbered = pl.int_range(pl.len()).cast(pl.String)
    return frame.select(pl.coalesce(*ids, numbered)).to_series().to_numpy().astype(str)


def _check(baseline: Embeddings, current: Embeddings) -> None:
    if baseline.embedder != current.embedder:
        raise LabError(
            f"baseline is embedded by {baseline.embedder!r} and current by"
            f" {current.embedder!r}; embed both alike"
        )
    for name, window in (("baseline", baseline), ("current", current)):
        if len(window) < _LEAST_ROWS:
            raise LabError(
                f"{name} has {len(window)} texts of three words or more; drift needs at least"
                f" {_LEAST_ROWS}: take a longer window"
            )
    if baseline.matrix.shape[1] != current.matrix.shape[1]:
        raise LabError("baseline and current have vectors of different lengths; embed both alike")
    if "trace_id" in baseline.frame.columns and "trace_id" in current.frame.columns:
        both = baseline.frame["trace_id"].is_in(current.frame["trace_id"].implode()).sum()
        if both:
            raise LabError(f"{both} traces are in both windows; choose windows that do not overlap")
