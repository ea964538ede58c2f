"""Two windows of embedded traces laid side by side, with who made each row."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llmops_lab import _quantities as quantities
from llmops_lab._scan.units import (
    Bools,
    Floats,
    Ints,
    Units,
    bags_of,
    called,
    resampled_units,
    unit_ids,
    units_of,
)
from llmops_lab.embeddings import Embeddings
from llmops_lab.errors import LabError

_LEAST_ROWS = 30
_N_RESAMPLES = 1000
_UNITS = {"user_id": "user", "conversation_id": "conversation", "trace_id": "query"}
# Strata that a start time tells.
_OF_TIME = {
    "hour_of_week": pl.col("start_time").dt.weekday() * 24 + pl.col("start_time").dt.hour(),
    "weekday": pl.col("start_time").dt.weekday(),
    "hour": pl.col("start_time").dt.hour(),
}


@dataclass(frozen=True)
class Comparison:
    """Rows of the baseline, then of current: `frame`, `matrix`, `is_current`, `units`."""

    frame: pl.DataFrame
    matrix: NDArray[np.float32]
    is_current: Bools
    units: Units
    seed: int = 0
    embedder: str = ""
    strata: tuple[str, ...] = ()
    who: tuple[str, ...] = ()

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
        """Bootstrap weights of the bags of units, shared by all intervals."""
        rng = np.random.default_rng(self.seed)
        return resampled_units(int(self._bag.max()) + 1, _N_RESAMPLES, rng)

    @cached_property
    def _bag(self) -> Ints:
        return bags_of(self.units.n_units, np.random.default_rng(self.seed))

    def units_of_rows(self, rows: Ints) -> Units:
        """The units of some of the rows."""
        stratum = self.units.stratum[self.units.block[rows]]
        return units_of(self.unit_of_row[rows], self.is_current[rows], stratum)

    def n_units(self, rows: Bools) -> int:
        return len(np.unique(self.unit_of_row[rows]))

    def names(self, units: list[int]) -> list[str]:
        """What these units are called: the user's id, "conversation c1" where it is one."""
        return [called(self.who[unit]) for unit in units if unit < len(self.who)]

    @cached_property
    def unit_names(self) -> tuple[str, ...]:
        """What the units are, the commonest first: user, conversation, query (a trace)."""
        kinds = Counter(who.partition(":")[0] if ":" in who else "trace_id" for who in self.who)
        return tuple(_UNITS.get(kind, kind.replace("_", " ")) for kind, _ in kinds.most_common())

    def per_unit(self, rows: Bools) -> Floats:
        """How many of these rows each unit has."""
        return np.bincount(self.unit_of_row[rows], minlength=self.units.n_units).astype(np.float64)

    def shares(self, rows: Bools) -> tuple[float, float]:
        """The rows' share of the baseline and of current."""
        return float(rows[~self.is_current].mean()), float(rows[self.is_current].mean())

    def share_interval(self, rows: Bools) -> tuple[float, float]:
        """95 % interval of the change of share, resampling whole units."""
        return self.mean_interval(rows.astype(np.float64), 0.95)

    def mean_interval(self, values: Floats, confidence: float) -> tuple[float, float]:
        """Interval of the change of a mean over all rows that are not NaN, resampling units."""
        known = ~np.isnan(values)
        bag = self._bag[self.unit_of_row[known]]
        sums = [
            np.bincount(bag, weight, self.weights.shape[1])
            for window in (self.is_current[known], ~self.is_current[known])
            for weight in (values[known] * window, window.astype(np.float64))
        ]
        drawn = self.weights @ np.stack(sums, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = drawn[:, 0] / drawn[:, 1] - drawn[:, 2] / drawn[:, 3]
        low, high = np.nanquantile(change, [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(low), float(high)


def compared(
    baseline: Embeddings,
    current: Embeddings,
    *,
    unit: str,
    strata: tuple[str, ...] = (),
    seed: int = 0,
) -> Comparison:
    """Both windows in one frame. Raises LabError when they cannot be compared."""
    _check(baseline, current)
    frame = pl.concat([baseline.frame, current.frame], how="diagonal_relaxed")
    matrix = np.concatenate([baseline.matrix, current.matrix])
    is_current = np.arange(frame.height) >= len(baseline)
    who = unit_ids(frame, unit)
    units = units_of(who, is_current, strata_of(frame, strata, who) if strata else None)
    names = tuple(np.unique(who).tolist())
    return Comparison(frame, matrix, is_current, units, seed, current.embedder, strata, names)


def strata_of(frame: pl.DataFrame, strata: tuple[str, ...], who: NDArray[np.str_]) -> Ints:
    """The stratum of each row: that of most of its unit's rows, so that units stay whole.

    `strata` are columns, or hour_of_week, weekday or hour of the start (UTC).
    """
    known = {**_OF_TIME, **{name: pl.col(name) for name in frame.columns}}
    for name in strata:
        if name not in known or (name in _OF_TIME and "start_time" not in frame.columns):
            there = [*frame.columns, *(_OF_TIME if "start_time" in frame.columns else ())]
            raise LabError(f"no column {name!r} to make strata of; there are: {', '.join(there)}")
    parts = [known[name].cast(pl.String).fill_null("").alias(f"_{name}") for name in strata]
    place = pl.struct(parts).rank("dense").cast(pl.Int64).alias("place")
    rows = frame.select(place).with_columns(unit=pl.Series(who))
    usual = rows.group_by("unit").agg(usual=pl.col("place").mode().min())
    joined = rows.join(usual, on="unit", how="left", maintain_order="left")
    return joined["usual"].to_numpy().astype(np.int64)


def _check(baseline: Embeddings, current: Embeddings) -> None:
    if baseline.embedder != current.embedder:
        raise LabError(
            f"baseline is embedded by {baseline.embedder!r} and current by"
            f" {current.embedder!r}; embed both alike"
        )
    for name, window in (("baseline", baseline), ("current", current)):
        if len(window) < _LEAST_ROWS:
            way_out = "take a longer window" if len(window) else "are the texts in `input_text`?"
            raise LabError(
                f"{name} has {quantities.counted(len(window), 'text')} of three words or more;"
                f" drift needs at least {_LEAST_ROWS}: {way_out}"
            )
    if baseline.matrix.shape[1] != current.matrix.shape[1]:
        raise LabError("baseline and current have vectors of different lengths; embed both alike")
    if "trace_id" in baseline.frame.columns and "trace_id" in current.frame.columns:
        both = baseline.frame["trace_id"].is_in(current.frame["trace_id"].implode()).sum()
        if both:
            raise LabError(f"{both} traces are in both windows; choose windows that do not overlap")
