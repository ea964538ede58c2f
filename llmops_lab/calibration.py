"""How far a judge can be trusted: its verdicts held against people's."""

from dataclasses import dataclass

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._cases.case import now
from llmops_lab._display import Cell, Table
from llmops_lab._gates.agreement import Kappa, cohens_kappa, majority, pairwise_agreement
from llmops_lab._gates.intervals import wilson
from llmops_lab.errors import ColumnError, LabError


@dataclass(frozen=True)
class Calibration:
    """A judge against people: `frame` counts each pair of verdicts (judge, human, n).

    `agreement` is raw, with a 95 % Wilson interval; `kappa` is corrected for chance: below 0.4
    is poor, above 0.6 substantial, above 0.8 what people reach among themselves. `people` is
    the agreement of pairs of annotators, the judge's ceiling, None with one annotator.
    `recall` is, per human verdict, the share that the judge finds: for "fail" and "pass" its
    true negative and true positive rates. `n_unresolved` cases had no majority.
    """

    judge: str
    n: int
    n_unresolved: int
    agreement: float
    agreement_low: float
    agreement_high: float
    kappa: Kappa
    people: float | None
    prevalence: dict[str, float]
    recall: dict[str, float]
    frame: pl.DataFrame
    policy_hash: str | None = None
    made_at: str = ""

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        percent = quantities.percent
        bounds = quantities.interval(self.agreement_low, self.agreement_high, percent)
        rows: list[tuple[str | Cell, ...]] = [
            ("agreement with people", Cell(percent(self.agreement), bounds)),
            ("kappa", Cell(f"{self.kappa.value:.2f}", self.kappa.bounds)),
            ("people among themselves", percent(self.people)),
            *(
                (
                    f"finds {name!r}",
                    Cell(percent(share), f"{percent(self.prevalence[name])} of all"),
                )
                for name, share in self.recall.items()
            ),
        ]
        subtitle = f"{self.n} labelled answers" + (
            f", {self.n_unresolved} more without a majority" if self.n_unresolved else ""
        )
        return Table(f"Calibration of {self.judge}", subtitle, ("", "value"), rows)


def calibrate(
    judged: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    judge: str = "judge",
    policy_hash: str | None = None,
) -> Calibration:
    """How a judge's verdicts agree with people's.

    `judged` has case_id and value; `labels` case_id, value and, when several people labelled,
    annotator: the majority counts. Values are compared as text. `policy_hash` names the rubric
    that both went by. Raises ColumnError for a missing column and LabError when no case is in
    both.
    """
    for table in (judged, labels):
        if missing := {"case_id", "value"} - set(table.columns):
            raise ColumnError(missing, table.columns)
    people = majority(labels)
    verdicts = judged.select("case_id", judge=pl.col("value").cast(pl.String)).drop_nulls()
    both = people.drop_nulls("human").join(verdicts, on="case_id", how="inner")
    if both.is_empty():
        raise LabError("no case has both a verdict of the judge and one of people")
    same = both.select(pl.col("judge") == pl.col("human")).to_series()
    low, high = wilson(int(same.sum()), both.height)
    shares = (
        both.group_by("human")
        .agg(n=pl.len(), found=(pl.col("judge") == pl.col("human")).mean())
        .sort("human")
    )
    return Calibration(
        judge=judge,
        n=both.height,
        n_unresolved=people["human"].null_count(),
        agreement=float(same.to_numpy().mean()),
        agreement_low=low,
        agreement_high=high,
        kappa=cohens_kappa(both["judge"], both["human"]),
        people=pairwise_agreement(labels),
        prevalence={name: n / both.height for name, n, _ in shares.iter_rows()},
        recall={name: found for name, _, found in shares.iter_rows()},
        frame=both.group_by("judge", "human").agg(n=pl.len()).sort("judge", "human"),
        policy_hash=policy_hash,
        made_at=now(),
    )
