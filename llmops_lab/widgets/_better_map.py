"""A better map for a widget that is on a page: made beside the kernel, given up with the page."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from llmops_lab._scan.background_map import BackgroundMap

_FEWEST_POINTS = 50
_SEED = 0


class Say(Protocol):
    """Tells the reader how far the map is."""

    def __call__(self, text: str, share: float | None, *, coming: bool) -> None: ...


class BetterMap:
    """Makes the UMAP map of `matrix` while anybody looks, and hands it to `swap` once.

    Both functions are called in the event loop that showed the widget, where there is one, so
    that nothing changes in the middle of a cell.
    """

    def __init__(
        self,
        matrix: NDArray[np.float32] | None,
        *,
        say: Say,
        swap: Callable[[NDArray[np.float32]], None],
    ) -> None:
        self._matrix = matrix if matrix is not None and len(matrix) >= _FEWEST_POINTS else None
        self._say, self._swap = say, swap
        self._n_views = 0
        self._making: BackgroundMap | None = None

    def shown(self) -> None:
        """One more view is on a page."""
        self._n_views += 1
        if self._matrix is not None and self._making is None:
            self._start(self._matrix)

    def hidden(self) -> None:
        """One view less; when the last goes, the map is not needed for now."""
        self._n_views = max(0, self._n_views - 1)
        if not self._n_views:
            self._stop()

    def give_up(self) -> None:
        """Do not make the map any more."""
        self._matrix = None
        self._stop()

    def _start(self, matrix: NDArray[np.float32]) -> None:
        self._say("UMAP map: starting", None, coming=True)
        call = _caller()
        self._making = BackgroundMap(
            matrix,
            _SEED,
            lambda stage, share: call(self._progress, stage, share),
            lambda positions, error: call(self._finish, positions, error),
        )

    def _stop(self) -> None:
        if self._making is not None:
            self._making.stop()
            self._making = None
            self._say("", None, coming=False)

    def _progress(self, stage: str, share: float | None) -> None:
        if self._matrix is not None and self._n_views:
            self._say(f"UMAP map: {stage}", share, coming=True)

    def _finish(self, positions: NDArray[np.float32] | None, error: str | None) -> None:
        if self._matrix is None or not self._n_views:
            return
        self._matrix = self._making = None
        if positions is None:
            self._say(f"no UMAP map: {error}", None, coming=False)
        else:
            self._swap(positions)


def _caller() -> Callable[..., None]:
    """Calls a function in the event loop that is running now; at once where none is."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _at_once
    context = copy_context()

    def call(function: Callable[..., Any], *values: Any) -> None:
        with suppress(RuntimeError):  # the kernel is going down
            loop.call_soon_threadsafe(function, *values, context=context)

    return call


def _at_once(function: Callable[..., Any], *values: Any) -> None:
    function(*values)
