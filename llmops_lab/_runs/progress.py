"""Live numbers while an eval runs: a bar in a notebook or a terminal."""

from types import TracebackType
from typing import Self

from llmops_lab._quantities import counted


class Progress:
    """A tqdm bar with the pass rate, failed calls and cost so far; TQDM_DISABLE=1 hides it."""

    def __init__(
        self, *, total: int, done: int = 0, what: str = "eval", unit: str = "case"
    ) -> None:
        from tqdm.auto import tqdm

        self._bar = tqdm(total=total, initial=done, desc=what, unit=unit, mininterval=0.2)
        self._n_read = self._n_passed = self._n_errors = 0
        self._cost_usd = 0.0

    def add(self, passed: bool | None, error: str | None, cost_usd: float | None = None) -> None:
        """Count one more result."""
        self._n_read += passed is not None
        self._n_passed += passed is True
        self._n_errors += error is not None
        self._cost_usd += cost_usd or 0.0
        if self._bar.update(1):
            self._bar.set_postfix_str(self._numbers(), refresh=False)

    def _numbers(self) -> str:
        parts = [f"{100 * self._n_passed / self._n_read:.0f} % passed"] if self._n_read else []
        parts += [counted(self._n_errors, "error")] if self._n_errors else []
        parts += [f"${self._cost_usd:.2f}"] if self._cost_usd else []
        return ", ".join(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.set_postfix_str(self._numbers())
        self._bar.close()
