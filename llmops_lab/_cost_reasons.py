"""Effects on the cost of a trace, gathered into reasons a person can act on."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._cost_cells import CellChange
from llmops_lab.cost import PARTS

Row = dict[str, Any]

_WORDS: Final = {
    "input": ("sends", "input tokens"),
    "cached": ("reads", "cached tokens"),
    "cache_write": ("writes", "tokens to the cache"),
    "output": ("returns", "output tokens"),
    "other": ("pays", "other fees"),
}


def effect_rows(change: CellChange) -> Iterator[Row]:
    """One row per effect: factor, what it concerns, usd_per_trace and reason; they add up."""
    yield _row("calls", change.effects["calls"], _calls(change))
    yield _row("prompts", change.effects["prompts"], _prompts(change))
    for prompt in change.cells["prompt_name"].unique(maintain_order=True):
        mine = change.where("prompt_name", prompt)
        name = {"prompt_name": prompt}
        yield _row("models", change.effects["models"][mine], _models(change, prompt), **name)
        for column, part in enumerate(PARTS):
            one = {**name, "part": part}
            usd = change.effects["versions"][mine, column]
            yield _row("versions", usd, _versions(change, prompt, part), **one)
            usd = change.effects["tokens"][mine, column]
            yield _row("tokens", usd, _tokens(change, prompt, part), **one)
    for model in change.cells["model"].unique(maintain_order=True):
        mine = change.where("model", model)
        for column, part in enumerate(PARTS):
            usd = change.effects["prices"][mine, column]
            reason = _prices(change, model, part)
            yield _row("prices", usd, reason, model=model, part=part)


def _row(factor: str, usd: Any, reason: str, **concerns: str | None) -> Row:
    return {"factor": factor, "usd_per_trace": float(np.sum(usd)), "reason": reason, **concerns}


def _calls(change: CellChange) -> str:
    then, now = change.before.calls[0, 0], change.after.calls[0, 0]
    return f"{now:.2f} calls per trace, {then:.2f} before"


def _prompts(change: CellChange) -> str:
    name, then, now = _mover(change.cells, "prompt_name")
    return f"{_prompt(name)} makes {_share(now)} of the calls, {_share(then)} before"


def _models(change: CellChange, prompt: str | None) -> str:
    cells = change.cells.filter(pl.col("prompt_name").eq_missing(prompt))
    name, then, now = _mover(cells, "model")
    calls = f"the calls of {_prompt(prompt)}"
    return f"{name or 'no model'} answers {_share(now)} of {calls}, {_share(then)} before"


def _versions(change: CellChange, prompt: str | None, part: str) -> str:
    """Compares the version that gained most with the one that lost most, over both periods."""
    cells = change.cells.filter(pl.col("prompt_name").eq_missing(prompt))
    shares = _shares(cells, "prompt_version").sort("gain")
    tokens = pl.col(f"tokens_{part}_0") + pl.col(f"tokens_{part}_1")
    calls = pl.col("n_0") + pl.col("n_1")
    each = cells.group_by("prompt_version").agg(each=tokens.sum() / calls.sum())
    old, new = shares["prompt_version"][0], shares["prompt_version"][-1]
    then, now = (
        each.filter(pl.col("prompt_version").eq_missing(v))["each"].item() for v in (old, new)
    )
    verb, noun = _WORDS[part]
    return f"{_prompt(prompt)} {_version(new)} {verb} {_compared(now, then, noun, _version(old))}"


def _tokens(change: CellChange, prompt: str | None, part: str) -> str:
    """The same versions and models in both periods, weighted as in the current one."""
    mine, column = change.where("prompt_name", prompt), PARTS.index(part)
    weight = change.cells["n_1"].to_numpy()[mine]
    weight = weight / max(1, weight.sum())
    then, now = (
        float(factors.tokens[mine, column] @ weight) for factors in (change.before, change.after)
    )
    verb, noun = _WORDS[part]
    return f"{_prompt(prompt)}, unchanged, {verb} {_compared(now, then, noun, 'before')}"


def _prices(change: CellChange, model: str | None, part: str) -> str:
    mine, column = change.where("model", model), PARTS.index(part)
    then, now = (float(f.prices[mine, column][0]) for f in (change.before, change.after))
    if part == "other":
        costs = (
            f"{quantities.dollars(now)} in other fees per call, {quantities.dollars(then)} before"
        )
    else:
        million = f"{quantities.dollars(now * 1e6)} per million {_WORDS[part][1]}"
        costs = f"{million}, {quantities.dollars(then * 1e6)} before"
    return f"{model or 'no model'} costs {costs}"


def _compared(now: float, then: float, noun: str, whom: str) -> str:
    """`2.0x the input tokens of 2 (1,240 per call, not 620)`, or `12 % more …` for less."""
    if noun == _WORDS["other"][1]:
        return f"other fees than {whom}"
    numbers = f"({now:,.0f} per call, not {then:,.0f})"
    if then <= 0:
        return f"{noun} {numbers}"
    if 2 / 3 < now / then < 1.5:
        more = "more" if now > then else "less"
        return f"{quantities.percent(abs(now / then - 1))} {more} {noun} than {whom} {numbers}"
    return f"{now / then:.1f}x the {noun} {'as' if whom == 'before' else 'of'} {whom} {numbers}"


def _mover(cells: pl.DataFrame, column: str) -> tuple[str | None, float, float]:
    """What gained most of the calls, or lost most, with its share then and now."""
    shares = _shares(cells, column).sort(pl.col("gain").abs().round(9), "gain")
    name, then, now = shares.select(column, "then", "now").row(-1)
    return name, then, now


def _shares(cells: pl.DataFrame, column: str) -> pl.DataFrame:
    n = cells.group_by(column, maintain_order=True).agg(pl.col("n_0", "n_1").sum())
    share = (pl.col(f"n_{side}") / pl.col(f"n_{side}").sum().clip(1) for side in (0, 1))
    then, now = share
    return n.with_columns(then=then, now=now, gain=now - then)


def _share(share: float) -> str:
    return quantities.percent(share)


def _prompt(name: str | None) -> str:
    return f"prompt {name}" if name is not None else "a call without a prompt name"


def _version(name: str | None) -> str:
    return name if name is not None else "without a version"
