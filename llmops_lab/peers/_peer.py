"""What a peer is, and the registry of them."""

from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl

from llmops_lab._cases.case import Case
from llmops_lab._registry import Registry

Records = Sequence[dict[str, Any]]


class Peer(Protocol):
    """A server that keeps cases and scores of traces; `format` is its form of test cases."""

    @property
    def base_url(self) -> str: ...

    @property
    def format(self) -> str: ...

    def push_cases(
        self, name: str, records: Sequence[dict[str, Any]], cases: Sequence[Case]
    ) -> int:
        """Keep the cases in the data set of this name; how many are then new or changed."""
        ...

    def pull_cases(self, name: str) -> list[dict[str, Any]]:
        """The records of a data set, in the peer's form."""
        ...

    def push_scores(self, scores: pl.DataFrame) -> int:
        """Put rows of `Traces.scores` on the traces; how many were taken."""
        ...

    def pull_scores(self, trace_ids: Sequence[str]) -> list[dict[str, Any]]:
        """What is scored on these traces, as rows of `Traces.scores`."""
        ...


peers: Registry[Any] = Registry("peer", "llmops_lab.peers")
