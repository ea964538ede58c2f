"""`llmops-lab drift`: what changed between two windows of traces."""

from dataclasses import dataclass
from typing import Annotated

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Format, Sources, show
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

_HOW = "give two sources, or one with --split DATE or with --baseline and --current START/END"

Window = Annotated[str | None, typer.Option(help="START/END, UTC: 2026-03-02/2026-03-09.")]


@dataclass(frozen=True)
class _Cut:
    """Where one set of traces is cut in two."""

    split: str | None
    baseline: str | None
    current: str | None

    def __call__(self, traces: Traces) -> tuple[Traces, Traces]:
        if self.split is not None:
            return traces.split(self.split)
        if self.baseline is None or self.current is None:
            raise LabError(_HOW)
        return traces.within(self.baseline), traces.within(self.current)


@commands.register("drift")
def drift(
    sources: Sources,
    split: Annotated[
        str | None, typer.Option(help="Where the current window begins: 2026-03-13.")
    ] = None,
    baseline: Window = None,
    current: Window = None,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Which query segments emerged, vanished, grew, shrank or got worse."""
    from llmops_lab.drift import detect_drift

    windows = _windows(sources, format, _Cut(split, baseline, current))
    report = detect_drift(*windows)
    show(report, report.frame, as_json=as_json)


def _windows(sources: list[str], format: str | None, cut: _Cut) -> tuple[Traces, Traces]:
    from llmops_lab.ingest import read_traces

    if cut == _Cut(None, None, None):
        if len(sources) != 2:
            raise LabError(_HOW)
        return read_traces(sources[0], format=format), read_traces(sources[1], format=format)
    return cut(read_traces(sources, format=format))
