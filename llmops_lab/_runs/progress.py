"""Live numbers while an eval runs: a bar in a notebook or a terminal."""

from types import TracebackType
from typing import Any, Self

from llmops_lab._quantities import counted, seconds


class Progress:
    """A tqdm bar with the pass rate, failed calls and cost so far; TQDM_DISABLE=1 hides it.

    In a notebook a line of text takes its place at the end: a widget would be lost on saving.
    """

    def __init__(
        self, *, total: int, done: int = 0, what: str = "eval", unit: str = "case"
    ) -> None:
        from tqdm.auto import tqdm
        from tqdm.notebook import tqdm_notebook

        self._what, self._unit = what, unit
        own: dict[str, Any] = {"display": False} if issubclass(tqdm, tqdm_notebook) else {}
        self._bar = tqdm(total=total, initial=done, desc=what, unit=unit, mininterval=0.2, **own)
        self._place = _displayed(getattr(self._bar, "container", None))
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
        if self._place is not None:
            self._place.update({"text/plain": self._said()}, raw=True)

    def _said(self) -> str:
        took = seconds(self._bar.format_dict["elapsed"])
        parts = [f"{self._bar.n:,} of {counted(self._bar.total, self._unit)} in {took}"]
        return f"{self._what}: " + ", ".join([*parts, *filter(None, [self._numbers()])])


def _displayed(widget: Any) -> Any:
    """The place of a widget in a notebook's output, None where there is no widget."""
    if widget is None:
        return None
    from IPython.display import display

    return display(widget, display_id=True)
