"""Agreement between raters, beyond chance."""

from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
import polars as pl

from llmops_lab._rates import normal_quantile


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def cohens_kappa(first: pl.Series, second: pl.Series) -> Measured:
    """Cohen's kappa of two raters over the same cases: 1 for full agreement, 0 for chance.

    The interval is that of Fleiss, Cohen and Everitt 1969, Psychological Bulletin 72, 323–327.
    """
    names = sorted({*first, *second})
    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    np.add.at(table, ([place[v] for v in first], [place[v] for v in second]), 1)
    n, shares = table.sum(), table / table.sum()
    row, column = shares.sum(axis=1), shares.sum(axis=0)
    seen, chance = float(np.trace(shares)), float(row @ column)
    if chance == 1:
        return Measured(1.0, 1.0, 1.0)
    kappa = (seen - chance) / (1 - chance)
    # Row i and column j of the off-diagonal weights: column share of i plus row share of j.
    weights = (column[:, None] + row[None, :]) * (1 - kappa)
    diagonal = np.diag(shares) @ (1 - np.diag(weights)) ** 2
    beside = (1 - kappa) ** 2 * float(
        (shares * (column[:, None] + row[None, :]) ** 2).sum()
        - np.diag(shares) @ (column + row) ** 2
    )
    variance = diagonal + beside - (kappa - chance * (1 - kappa)) ** 2
    reach = normal_quantile(0.975) * sqrt(max(variance, 0.0) / n) / (1 - chance)
    return Measured(kappa, max(kappa - reach, -1.0), min(kappa + reach, 1.0))


def majority(labels: pl.DataFrame) -> pl.DataFrame:
    """One row per case: case_id and `human`, the most frequent value, null where there is a tie."""
    counts = labels.drop_nulls("value").group_by("case_id", pl.col("value").cast(pl.String)).len()
    top = counts.filter(pl.col("len") == pl.col("len").max().over("case_id"))
    alone = pl.when(pl.len() == 1).then(pl.col("value").first())
    return top.group_by("case_id").agg(human=alone).sort("case_id")


def pairwise_agreement(labels: pl.DataFrame) -> float | None:
    """The share of pairs of annotators, over all cases, that say the same; None with one."""
    if "annotator" not in labels.columns:
        return None
    table = labels.pivot(on="annotator", index="case_id", values="value")
    names = [name for name in table.columns if name != "case_id"]
    pairs = [table.select(a=x, b=y).drop_nulls() for x, y in combinations(names, 2)]
    same = sum(int((pair["a"] == pair["b"]).sum()) for pair in pairs)
    total = sum(pair.height for pair in pairs)
    return same / total if total else None
