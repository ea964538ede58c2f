"""What a judge is worth beside people, kept as a record."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._atomic import write_atomically
from llmops_lab._display import Cell, Shown, Table
from llmops_lab._gates.agreement import Measured
from llmops_lab._runs.result import JudgeIdentity
from llmops_lab.errors import FormatError, LabError

SEGMENTS = {
    "segment": pl.String,
    "n": pl.Int64,
    "agreement": pl.Float64,
    "agreement_low": pl.Float64,
    "agreement_high": pl.Float64,
    "kappa": pl.Float64,
    "kappa_low": pl.Float64,
    "kappa_high": pl.Float64,
    "true_positive_rate": pl.Float64,
    "true_negative_rate": pl.Float64,
}
_COUNTS = {"judge": pl.String, "human": pl.String, "n": pl.Int64}


@dataclass(frozen=True, repr=False)
class Calibration(Shown):
    """A judge against people: `frame` counts each pair of verdicts (judge, human, n).

    `agreement` is raw, with a 95 % Wilson interval; `kappa` is corrected for chance: below 0.4
    is poor, above 0.6 substantial, above 0.8 what people reach among themselves. `people` is
    the agreement of pairs of annotators, the judge's ceiling, None with one annotator.
    `prevalence` is the share of each human verdict, `recall` the share of it that the judge
    finds. `position_consistency` is how often a judge of pairs said the same in both orders.
    `pass_rate` is what people would pass of all answers of the run, by PPI++, `judge_pass_rate`
    what the judge passes. `segments` has a row per segment: segment, n, agreement and kappa with
    bounds, true_positive_rate and true_negative_rate. `n_unresolved` cases had no majority.
    `identity` names the judge by hashes of model, prompt and rubric, `labels_hash` the labels,
    `policy_hash` the rubric that people went by. Intervals are 95 %.
    """

    judge: str
    n: int
    n_unresolved: int
    agreement: float
    agreement_low: float
    agreement_high: float
    kappa: Measured
    people: float | None
    prevalence: dict[str, float]
    recall: dict[str, Measured]
    frame: pl.DataFrame = field(repr=False)
    segments: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SEGMENTS))
    position_consistency: Measured | None = None
    pass_rate: Measured | None = None
    judge_pass_rate: float | None = None
    identity: JudgeIdentity | None = None
    labels_hash: str = ""
    policy_hash: str | None = None
    made_at: str = ""

    @property
    def true_positive_rate(self) -> Measured | None:
        """The share of what people pass that the judge passes."""
        return self.recall.get("pass")

    @property
    def true_negative_rate(self) -> Measured | None:
        """The share of what people fail that the judge fails."""
        return self.recall.get("fail")

    @property
    def age_days(self) -> float:
        """Days since it was made."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.made_at)).total_seconds() / 86400

    def json(self) -> str:
        """Every number, as indented JSON with sorted keys."""
        record = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        tables = {name: record[name].to_dicts() for name in ("frame", "segments")}
        data = msgspec.json.encode({**record, **tables}, order="sorted")
        return msgspec.json.format(data).decode() + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the record as JSON, to be committed beside the gate's policy."""
        write_atomically(Path(path), self.json().encode())
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> "Calibration":
        """The record in a file; LabError where there is none, FormatError for anything else."""
        try:
            record = msgspec.json.decode(Path(path).read_bytes(), type=dict[str, Any])
            record["frame"] = pl.DataFrame(record["frame"], schema=_COUNTS)
            record["segments"] = pl.DataFrame(record["segments"], schema=SEGMENTS)
            return msgspec.convert(record, cls, dec_hook=lambda _, table: table)
        except OSError as error:
            raise LabError(f"no calibration {path}: {error.strerror}") from error
        except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as error:
            raise FormatError(f"{path} is not a calibration record: {error}") from error

    def _table(self) -> Table:
        percent = quantities.percent
        bounds = quantities.interval(self.agreement_low, self.agreement_high, percent)
        rows: list[tuple[str | Cell, ...]] = [
            ("agreement with people", Cell(percent(self.agreement), bounds)),
            (
                "kappa",
                Cell(f"{self.kappa.value:.2f}", f"{self.kappa.low:.2f} to {self.kappa.high:.2f}"),
            ),
            ("people among themselves", percent(self.people)),
            *(
                (f"finds {name!r}, {percent(self.prevalence[name])} of all", _cell(share))
                for name, share in self.recall.items()
            ),
        ]
        if self.pass_rate is not None:
            rows.append(("people would pass, of all answers", _cell(self.pass_rate)))
            rows.append(("the judge passes", percent(self.judge_pass_rate)))
        if self.position_consistency is not None:
            rows.append(("same in both orders", _cell(self.position_consistency)))
        rows += [
            (
                f"agreement on {row['segment']}",
                Cell(
                    percent(row["agreement"]),
                    quantities.interval(row["agreement_low"], row["agreement_high"], percent),
                ),
            )
            for row in self.segments.iter_rows(named=True)
        ]
        return Table(f"Calibration of {self.judge}", self._subtitle(), ("", "value"), rows)

    def _subtitle(self) -> str:
        labelled = f"{self.n} labelled answers"
        if self.n_unresolved:
            labelled += f", {self.n_unresolved} more without a majority"
        return labelled + (f", {self.made_at[:10]}" if self.made_at else "")


def _cell(share: Measured) -> Cell:
    bounds = quantities.interval(share.low, share.high, quantities.percent)
    return Cell(quantities.percent(share.value), bounds)
