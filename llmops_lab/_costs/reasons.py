"""Effects on the cost of a trace, gathered into reasons a person can act on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._costs.cells import CellChange
from llmops_lab.cost import PARTS

Row = dict[str, Any]

_GROUPS: Final = {
    "input": ("input", "cached", "cache_write"),
    "output": ("output",),
    "other": ("other",),
}
"""Parts that people see as one: a prompt's tokens are its input, from the cache or not."""
_VERBS: Final = {"input": "sends", "output": "returns", "other": "pays"}
_NOUNS: Final = {
    "input": "input tokens",
    "cached": "cached input tokens",
    "cache_write": "tokens written to the cache",
    "output": "output tokens",
    "other": "other fees",
}


def effect_rows(change: CellChange) -> Iterator[Row]:
    """One row per effect: factor, what it concerns, usd_per_trace and reason; they add up."""
    yield _row("calls", change.effects["calls"], _calls(change))
    yield _row("prompts", change.effects["prompts"], _prompts(change))
    for prompt in change.cells["prompt_name"].unique(maintain_order=True):
        mine = change.where("prompt_name", prompt)
        name = {"prompt_name": prompt}
        yield _row("models", change.effects["models"][mine], _models(change, prompt), **name)
        for part, members in _GROUPS.items():
            columns = [PARTS.index(member) for member in members]
            one = {**name, "part": part}
            reason = _versions(change, prompt, part)
            yield _row("versions", change.effects["versions"][mine][:, columns], reason, **one)
            reason = _tokens(change, prompt, part)
            yield _row("tokens", change.effects["tokens"][mine][:, columns], reason, **one)
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
    """Compares the version that gained most with those that lost, over both periods."""
    cells = change.cells.filter(pl.col("prompt_name").eq_missing(prompt))
    shares = _shares(cells, "prompt_version").sort("gain", "prompt_version")
    gained, lost = shares.tail(1), shares.filter(pl.col("gain") < 0)
    now, then = (
        _Usage.of(cells.join(side, on="prompt_version", how="semi", nulls_equal=True), part)
        for side in (gained, lost)
    )
    old = " and ".join(_version(name) for name in sorted(lost["prompt_version"], key=str))
    new = _version(gained["prompt_version"][0])
    return f"{_prompt(prompt)} {new} {_VERBS[part]} {_compared(part, now, then, old)}"


def _tokens(change: CellChange, prompt: str | None, part: str) -> str:
    """The same versions and models in both periods, weighted as in the current one."""
    mine = change.where("prompt_name", prompt)
    weight = change.cells["n_1"].to_numpy()[mine] / max(
        1, change.cells["n_1"].to_numpy()[mine].sum()
    )
    now, then = (
        _Usage.from_parts(dict(zip(PARTS, weight @ factors.tokens[mine], strict=True)), part)
        for factors in (change.after, change.before)
    )
    return f"{_prompt(prompt)}, unchanged, {_VERBS[part]} {_compared(part, now, then)}"


@dataclass(frozen=True)
class _Usage:
    """Tokens of a call in one part, and the share of them that came from the cache."""

    tokens: float
    cached: float

    @classmethod
    def from_parts(cls, per_call: Mapping[str, float], part: str) -> "_Usage":
        tokens = sum(per_call[member] for member in _GROUPS[part])
        cached = per_call["cached"] if part == "input" else 0.0
        return cls(float(tokens), float(cached / tokens) if tokens else 0.0)

    @classmethod
    def of(cls, cells: pl.DataFrame, part: str) -> "_Usage":
        """Of all calls of the cells, both periods."""
        names = ["n", *(f"tokens_{p}" for p in PARTS)]
        sums = cells.select((pl.col(f"{n}_0") + pl.col(f"{n}_1")).sum().alias(n) for n in names)
        calls, *tokens = (float(total) for total in sums.row(0))
        each = (total / max(1.0, calls) for total in tokens)
        return cls.from_parts(dict(zip(PARTS, each, strict=True)), part)


def _prices(change: CellChange, model: str | None, part: str) -> str:
    mine, column = change.where("model", model), PARTS.index(part)
    per, what = (
        (1, "in other fees a call") if part == "other" else (1e6, f"per million {_NOUNS[part]}")
    )
    then, now = (
        quantities.dollars(float(factors.prices[mine, column][0]) * per)
        for factors in (change.before, change.after)
    )
    return f"{model or 'no model'} costs {now} {what}, {then} before"


def _compared(part: str, now: _Usage, then: _Usage, whom: str = "") -> str:
    """`2.0x the input tokens of 2 (1,240 a call against 620)`, or `12 % more …` for less.

    `whom` it is compared with is a version, or nobody: the same version before.
    """
    noun = _NOUNS[part]
    if part == "other":
        return f"other fees than {whom or 'before'}"
    numbers = _numbers(now, then)
    if then.tokens <= 0:
        return f"{noun} {numbers}"
    times = now.tokens / then.tokens
    if 2 / 3 < times < 1.5:
        more = "more" if times > 1 else "less"
        return (
            f"{quantities.percent(abs(times - 1))} {more} {noun} than {whom or 'before'} {numbers}"
        )
    return f"{times:.1f}x the {noun} {f'of {whom}' if whom else 'it did before'} {numbers}"


def _numbers(now: _Usage, then: _Usage) -> str:
    """Tokens of a call, now and then, and the share from the cache where that has changed."""
    shares = (quantities.percent(usage.cached) for usage in (now, then))
    cached = f"; {' against '.join(shares)} cached" if abs(now.cached - then.cached) > 0.02 else ""
    return f"({now.tokens:,.0f} a call against {then.tokens:,.0f}{cached})"


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
