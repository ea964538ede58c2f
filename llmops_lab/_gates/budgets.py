"""Limits on time and money that a run must keep, whatever its answers are worth."""

from collections.abc import Mapping

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._gates.verdict import Check
from llmops_lab.errors import FormatError

_COLUMNS = ("duration_s", "ttft_s", "input_tokens", "output_tokens", "cost_usd")
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_ERRORS = "error_rate"


def check_budgets(budgets: Mapping[str, float]) -> None:
    """Raise FormatError for a budget that is no `<column>_<p50 … p99 or mean>` or error_rate."""
    for name in budgets:
        column, _, kind = name.rpartition("_")
        if name != _ERRORS and (column not in _COLUMNS or kind not in {*_QUANTILES, "mean"}):
            columns = ", ".join(_COLUMNS)
            raise FormatError(
                f"no budget {name!r}; write error_rate, or one of {columns} and then "
                f"_{', _'.join(_QUANTILES)} or _mean, as in duration_s_p95"
            )


def budget_checks(frame: pl.DataFrame, budgets: Mapping[str, float]) -> list[Check]:
    """One check per budget: kept, broken, or not measured in this run."""
    return [_check(frame, name, limit) for name, limit in budgets.items()]


def _check(frame: pl.DataFrame, name: str, limit: float) -> Check:
    value, n = _measured(frame, name)
    numbers = {"value": value, "limit": limit, "n": n}
    write = _writer(name)
    if value is None:
        says = (
            f"{name} was not measured, so its limit {write(limit)} cannot be held against the run"
        )
        return Check(name, "inconclusive", says, numbers)
    kept = value <= limit
    says = f"{write(value)}, {'within' if kept else 'over'} the limit of {write(limit)}"
    return Check(name, "pass" if kept else "fail", says, numbers)


def _writer(name: str) -> quantities.Writer:
    if name == _ERRORS:
        return quantities.percent
    by_unit = {"s": quantities.seconds, "usd": quantities.dollars}
    return by_unit.get(name.rpartition("_")[0].rpartition("_")[2], quantities.count)


def _measured(frame: pl.DataFrame, name: str) -> tuple[float | None, int]:
    if name == _ERRORS:
        return (frame["error"].count() / frame.height if frame.height else None), frame.height
    column, _, kind = name.rpartition("_")
    values = frame[column].drop_nulls()
    if values.is_empty():
        return None, 0
    found = values.mean() if kind == "mean" else values.quantile(_QUANTILES[kind], "linear")
    return float(found), len(values)  # type: ignore[arg-type]
