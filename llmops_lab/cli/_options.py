"""Arguments that several commands share, and how what they name is read."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmops_lab.cli._command import Variable
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    import polars as pl

    from llmops_lab.evals import EvalRun
    from llmops_lab.gate import Verdict
    from llmops_lab.golden import Case, GoldenSet
    from llmops_lab.traces import Traces

TRACES = "Trace exports: files, folders or globs, or - for standard input."
Sources = Annotated[list[str], typer.Argument(help=TRACES), Variable("traces")]
Format = Annotated[
    str | None,
    typer.Option(
        help="Trace format; recognised by content unless given. Of any other table its columns: "
        "input_text=question,start_time=asked_at."
    ),
]
By = Annotated[
    list[str] | None, typer.Option(help="Column to group by; several with commas or repeated.")
]
Window = Annotated[str | None, typer.Option(help="START/END, UTC: 2026-03-02/2026-03-09.")]
Split = Annotated[str | None, typer.Option(help="Where the current window begins: 2026-03-13.")]
Policy = Annotated[Path, typer.Option(help="Gate policy, TOML.")]
Run = Annotated[Path, typer.Option(help="The run, JSONL."), Variable("run")]
BaselineRun = Annotated[Path | None, typer.Option(help="The run it is compared with."), Variable()]
Labels = Annotated[
    list[Path] | None,
    typer.Option(help="People's labels, for judges: CSV, JSONL or Parquet; repeatable."),
    Variable(),
]
Scorers = Annotated[
    list[str] | None,
    typer.Option(help="Scorer, or package.module:function; several with commas or repeated."),
    Variable(is_needed=False, with_commas=True),
]
Concurrency = Annotated[int, typer.Option(help="Calls in flight at once.")]
Log = Annotated[Path | None, typer.Option(help="Decision log that gets a line.")]


def keys_of(by: Iterable[str] | None) -> tuple[str, ...]:
    """Columns named by repetition, with commas, or both."""
    return tuple(name.strip() for each in by or () for name in each.split(",") if name.strip())


def traces_of(sources: Sequence[Any], format: str | None = None) -> "Traces":
    """The traces in files, in standard input, or those that a variable of the notebook holds.

    `format` is a reader's name, or a mapping as `input_text=question,start_time=asked_at`.
    Raises LabError for a variable among files.
    """
    from llmops_lab.ingest import read_traces
    from llmops_lab.traces import Traces

    opened = [sys.stdin.buffer if each == "-" else each for each in sources]
    held = [each for each in opened if isinstance(each, Traces)]
    if held and len(opened) > 1:
        raise LabError("name one variable that holds traces, or files only")
    if held:
        return held[0]
    source = opened[0] if len(opened) == 1 else opened
    if format is None or "=" not in format:
        return read_traces(source, format=format)
    return read_traces(source, mapping=dict(each.split("=", 1) for each in keys_of([format])))


@dataclass(frozen=True)
class Windows:
    """Two windows of traces, as they are named in a call."""

    sources: Sequence[Any]
    format: str | None
    split: str | None
    baseline: str | None
    current: str | None

    @property
    def is_cut(self) -> bool:
        """Whether one set of traces is to be cut in two."""
        return not (self.split is self.baseline is self.current is None)

    @property
    def words(self) -> str:
        """The same in a terminal, as options of a command whose sources are `--of`."""
        cuts = {"split": self.split, "baseline": self.baseline, "current": self.current}
        named = [("of", source) for source in self.sources if isinstance(source, str)]
        told = [(name, value) for name, value in cuts.items() if value is not None]
        return " ".join(f"--{name} {quote(value)}" for name, value in (*named, *told))

    def read(self) -> "tuple[Traces, Traces]":
        """The baseline's traces and the current ones; LabError where it is not said which."""
        if not self.is_cut and len(self.sources) == 2:
            first, second = (traces_of([source], self.format) for source in self.sources)
            return first, second
        if self.split is not None and self.baseline is self.current is None:
            return traces_of(self.sources, self.format).split(self.split)
        if self.split is not None or self.baseline is None or self.current is None:
            raise LabError(
                "give two sources, or one with --split DATE or with --baseline and --current "
                "START/END"
            )
        whole = traces_of(self.sources, self.format)
        return whole.within(self.baseline), whole.within(self.current)


def scorers_of(named: Iterable[Any] | None) -> list[Any]:
    """Scorers by name, from modules importable from here, and those that variables hold."""
    from llmops_lab._runs.named import named_object

    found: list[Any] = []
    for each in named or ():
        if isinstance(each, str):
            found += [named_object(name) if ":" in name else name for name in keys_of([each])]
        else:
            found.append(each)
    return found


def target_of(named: Any) -> Any:
    """The target of that name, or what a variable holds."""
    from llmops_lab.targets._named import named_target

    return named_target(named) if isinstance(named, str) else named


def run_of(named: Any) -> "EvalRun":
    """The run in a file, or one that a variable holds."""
    from llmops_lab.evals import EvalRun

    return named if isinstance(named, EvalRun) else EvalRun.load(named)


def golden_of(named: Any, *, new: bool = False) -> "GoldenSet":
    """The golden set in a file, or one that a variable holds; `new` begins a missing file."""
    from llmops_lab.golden import GoldenSet

    if new and isinstance(named, Path) and not named.exists():
        return GoldenSet(path=named)
    return named if isinstance(named, GoldenSet) else GoldenSet.load(named)


def to_review(golden: Any, cases: "Iterable[Case]") -> str:
    """What to do next with cases that were added to a golden set."""
    if not any(case.status == "quarantined" for case in cases):
        return ""
    return f"review them: llmops-lab golden list {golden} --status quarantined"


def labels_of(named: Iterable[Any]) -> "pl.DataFrame":
    """The labels in files, or those that variables hold, as one table."""
    from llmops_lab._gates.labels import joined_labels, read_labels

    tables = [read_labels(each) if isinstance(each, (str, Path)) else each for each in named]
    return joined_labels(tables)


def verdict_of(policy: Path, run: Any, baseline: Any, labels: Any) -> "Verdict":
    """What a policy says of a run, held against a baseline if there is one."""
    from llmops_lab.gate import Gate

    previous = None if baseline is None else run_of(baseline)
    people = labels_of(labels) if labels else None
    return Gate.load(policy).check(run_of(run), baseline=previous, labels=people)
