"""How far a judge can be trusted: its verdicts held against people's."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import polars as pl

from llmops_lab._cases.case import now
from llmops_lab._gates.agreement import Measured, cohens_kappa, majority, pairwise_agreement
from llmops_lab._gates.calibrated import SEGMENTS, Calibration
from llmops_lab._gates.corrected import corrected_mean
from llmops_lab._rates import rate, wilson
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import ColumnError, LabError
from llmops_lab.scorers.pairwise import position_consistency

__all__ = ["Calibration", "calibrate"]

_SMALLEST_SEGMENT = 5
# How people and tools write a verdict of two values.
_VERDICTS = {
    **dict.fromkeys(("1", "1.0", "true", "good", "pass"), "pass"),
    **dict.fromkeys(("0", "0.0", "false", "bad", "fail"), "fail"),
}


def calibrate(
    judged: pl.DataFrame | EvalRun,
    labels: pl.DataFrame,
    *,
    judge: str = "judge",
    by: str | None = None,
    policy_hash: str | None = None,
) -> Calibration:
    """How a judge's verdicts agree with people's, over all and per segment.

    `judged` is a run in which `judge` is a scorer, or a table with case_id and value, and
    value_swapped where a judge of pairs was asked in the other order too. `labels` has case_id,
    value and, when several people labelled, annotator: the majority counts. Of labels with a
    run_id only those of the run count, and none that a person gave with the judge's verdict in
    sight (blind is false). Values are compared as text; of a run they are "pass" and "fail".
    `by` names a column of the run or table, such as tags, to split by; segments of fewer than 5
    labels are left out. `policy_hash` names the rubric that people went by, else it is that of
    the labels. Raises ColumnError for a missing column and LabError when no case is in both.
    """
    if isinstance(judged, EvalRun):
        return _of_run(judged, labels, judge, by, policy_hash)
    for table, extra in ((judged, {by} - {None}), (labels, set[str]())):
        if missing := {"case_id", "value", *extra} - set(table.columns):
            raise ColumnError(sorted(map(str, missing)), table.columns)
    valid = _blind(labels)
    people = majority(valid)
    kept = [name for name in (by, "value_swapped") if name and name in judged.columns]
    verdicts = judged.select("case_id", *kept, judge=pl.col("value").cast(pl.String))
    both = people.drop_nulls("human").join(verdicts.drop_nulls("judge"), on="case_id")
    if both.is_empty():
        raise LabError("no case has both a verdict of the judge and one of people")
    return Calibration(
        judge=judge,
        n=both.height,
        n_unresolved=people["human"].null_count(),
        **_agreement(both),
        people=pairwise_agreement(valid),
        **_shares(both),
        frame=both.group_by("judge", "human").agg(n=pl.len()).sort("judge", "human"),
        segments=pl.DataFrame(list(_segments(both, by)), schema=SEGMENTS, orient="row"),
        position_consistency=_consistency(both),
        labels_hash=_hash_of(valid),
        policy_hash=policy_hash or _only(labels, "policy_hash"),
        made_at=now(),
    )


def _of_run(
    run: EvalRun, labels: pl.DataFrame, judge: str, by: str | None, policy_hash: str | None
) -> Calibration:
    """The same for a scorer of a run, whose verdicts are pass and fail."""
    if judge not in run.plan.scorers:
        known = ", ".join(run.plan.scorers)
        raise LabError(f"no scorer {judge!r} in this run; it has {known}")
    first = run.frame.filter(pl.col("trial") == 0, pl.col("error").is_null())
    verdict = pl.when(f"{judge}_passed").then(pl.lit("pass")).otherwise(pl.lit("fail"))
    known = pl.col(f"{judge}_passed").is_not_null()
    kept = [] if by is None else [by]
    table = first.select("case_id", *kept, value=pl.when(known).then(verdict))
    mine = labels.filter(run_id=run.run_id) if "run_id" in labels.columns else labels
    if "value" in mine.columns:
        said = pl.col("value").cast(pl.String).str.to_lowercase()
        mine = mine.with_columns(value=said.replace(_VERDICTS))
    found = calibrate(table, mine, judge=judge, by=by, policy_hash=policy_hash)
    return replace(
        found,
        identity=run.plan.judges.get(judge),
        position_consistency=_of_pairs(run, judge),
        judge_pass_rate=float((table["value"].drop_nulls() == "pass").to_numpy().mean()),
        pass_rate=_pass_rate(table.drop_nulls("value"), _blind(mine)),
    )


def _pass_rate(judged: pl.DataFrame, labels: pl.DataFrame) -> Measured | None:
    """The share that people would pass of all judged answers; None with under two labels."""
    people = majority(labels).drop_nulls("human")
    both = judged.with_row_index().join(people, on="case_id").sort("index")
    if both.height < 2:
        return None
    said, verdicts = (
        (column == "pass").cast(pl.Float64).to_numpy()
        for column in (both["human"], judged["value"])
    )
    found = corrected_mean(verdicts, both["index"].to_list(), said, alpha=0.025)
    return Measured(found.value, max(found.low, 0.0), min(found.high, 1.0))


def _hash_of(labels: pl.DataFrame) -> str:
    """16 hex digits over case, annotator and value of each label, in any order."""
    names = [name for name in ("case_id", "annotator", "value") if name in labels.columns]
    lines = sorted("\t".join(map(str, row)) for row in labels.select(names).iter_rows())
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def _of_pairs(run: EvalRun, judge: str) -> Measured | None:
    try:
        return Measured(*position_consistency(run, judge))
    except LabError:  # it judged no pairs
        return None


def _blind(labels: pl.DataFrame) -> pl.DataFrame:
    """The labels that were given without the judge's verdict in sight."""
    if "blind" not in labels.columns:
        return labels
    return labels.filter(pl.col("blind").fill_null(True))


def _agreement(both: pl.DataFrame) -> dict[str, Any]:
    same = int((both["judge"] == both["human"]).sum())
    low, high = wilson(same, both.height)
    return {
        "agreement": same / both.height,
        "agreement_low": low,
        "agreement_high": high,
        "kappa": cohens_kappa(both["judge"], both["human"]),
    }


def _shares(both: pl.DataFrame) -> dict[str, Any]:
    found = (pl.col("judge") == pl.col("human")).sum()
    shares = both.group_by("human").agg(n=pl.len(), found=found).sort("human").rows()
    return {
        "prevalence": {name: n / both.height for name, n, _ in shares},
        "recall": {name: Measured(k / n, *wilson(k, n)) for name, n, k in shares},
    }


def _segments(both: pl.DataFrame, by: str | None) -> Iterator[list[Any]]:
    if by is None:
        return
    listed = isinstance(both.schema[by], pl.List)
    spread = both.explode(by, empty_as_null=True) if listed else both
    for key, part in spread.drop_nulls(by).sort(by).group_by(by, maintain_order=True):
        if part.height >= _SMALLEST_SEGMENT:
            found = _agreement(part)
            kappa = found.pop("kappa")
            recall = _shares(part)["recall"]
            rates = [recall[name].value if name in recall else None for name in ("pass", "fail")]
            bounds = [kappa.value, kappa.low, kappa.high]
            yield [str(key[0]), part.height, *found.values(), *bounds, *rates]


def _consistency(both: pl.DataFrame) -> Measured | None:
    """The share of pairs on which the judge said the same in both orders."""
    if "value_swapped" not in both.columns:
        return None
    asked = both.drop_nulls("value_swapped")
    same = asked["judge"] == asked["value_swapped"].cast(pl.String)
    return Measured(*rate(int(same.sum()), asked.height)) if asked.height else None


def _only(labels: pl.DataFrame, column: str) -> str | None:
    """The one value of a column, None where there is none or several."""
    values = labels[column].drop_nulls().unique() if column in labels.columns else pl.Series([])
    return str(values[0]) if len(values) == 1 else None
