"""Golden sets: reviewed cases in one JSONL file that Git diffs well and two people can edit."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._cases.case import Case, Source, as_text, from_lines, shorten, to_lines
from llmops_lab._cases.frame import case_frame
from llmops_lab._cases.masked import texts_of
from llmops_lab._cases.traced import asking_rows, candidate, retrieved
from llmops_lab._display import Table
from llmops_lab._privacy.counting import count_masks, say_masks
from llmops_lab._privacy.masker import Masker
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

__all__ = ["Case", "Changes", "GoldenSet", "Source"]


@dataclass(frozen=True)
class Changes:
    """What adding cases would do: `new` ones, and `known` ones that are there already."""

    new: tuple[Case, ...]
    known: tuple[Case, ...]

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        rows = [("new", *_brief(case)) for case in self.new]
        rows += [("already there", *_brief(case)) for case in self.known]
        subtitle = f"{len(self.new)} new, {len(self.known)} already there"
        return Table("Changes to a golden set", subtitle, ("", "id", "input", "expected"), rows)


@dataclass(frozen=True)
class GoldenSet:
    """Cases in file order; `frame` is Polars, one row per case.

    `path` is the file that `add` and `revise` write to; None keeps the set in memory.
    """

    cases: tuple[Case, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        twice = [name for name, n in Counter(case.id for case in self.cases).items() if n > 1]
        if twice:
            raise LabError(f"two cases are called {twice[0]!r}; ids are unique in a golden set")

    @classmethod
    def load(cls, path: str | Path) -> "GoldenSet":
        """The golden set in a JSONL file, one case a line.

        Raises LabError when there is no such file and FormatError for a line that is no case.
        """
        file = Path(path)
        if not file.is_file():
            raise LabError(f"no golden set {file}; make one with GoldenSet().save({str(path)!r})")
        return cls(tuple(from_lines(file.read_bytes(), name=file.name)), file)

    @classmethod
    def from_traces(cls, traces: Traces, *, redacted: bool = True) -> "GoldenSet":
        """A candidate case per trace that has an input, each input once, to be reviewed.

        The recorded answer becomes `expected`: one never to give where feedback was negative or
        a scorer failed it (see `tags`), one to give elsewhere. Cases of one conversation, or
        else one user, share a cluster. Personal data and secrets are masked (see `redact`) unless
        `redacted` is False; the trace that a case names still holds them.
        """
        masker = Masker() if redacted else None
        rows = asking_rows(traces, masker)
        documents = retrieved(traces, masker)
        return cls().add(candidate(row, documents.get(row["trace_id"], [])) for row in rows)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row per case; `input`, `expected` and `metadata` as text, JSON where not text."""
        return case_frame(self.cases)

    @cached_property
    def active(self) -> tuple[Case, ...]:
        """The cases that an eval runs."""
        return tuple(case for case in self.cases if case.status == "active")

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over ids and contents of the active cases, in any order."""
        lines = sorted(f"{case.id}\t{case.content_hash}\n" for case in self.active)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __getitem__(self, id: str) -> Case:
        for case in self.cases:
            if case.id == id:
                return case
        raise LabError(f"no case {id!r} in this golden set of {len(self)} cases")

    def diff(self, cases: Iterable[Case]) -> Changes:
        """What `add` would do with these cases; a case is known by its content, not its id.

        Raises LabError when an id is taken by a case with other content.
        """
        contents = {case.content_hash for case in self.cases}
        ids = {case.id for case in self.cases}
        new: list[Case] = []
        known: list[Case] = []
        for case in cases:
            if case.content_hash in contents:
                known.append(case)
                continue
            if case.id in ids:
                raise LabError(f"id {case.id!r} is taken; give the case another, or revise it")
            contents.add(case.content_hash)
            ids.add(case.id)
            new.append(case)
        return Changes(tuple(new), tuple(known))

    def add(self, cases: Iterable[Case]) -> "GoldenSet":
        """The set with those cases that it does not hold yet, written to its file if it has one.

        The file is read again under a lock, so that nothing another notebook added is lost.
        """
        added = list(cases)
        return self._write(lambda now_there: (*now_there.cases, *now_there.diff(added).new))

    def revise(self, case: Case) -> "GoldenSet":
        """The set with this case in the place of the one with its id, one revision on."""

        def changed(now_there: GoldenSet) -> tuple[Case, ...]:
            revised = replace(case, rev=now_there[case.id].rev + 1)
            return tuple(revised if old.id == case.id else old for old in now_there.cases)

        return self._write(changed)

    def save(self, path: str | Path | None = None) -> "GoldenSet":
        """The set, written whole to `path` (or its own file) and bound to it."""
        file = self.path if path is None else Path(path)
        if file is None:
            raise LabError("this golden set has no file; give save() a path")
        with locked(file):
            write_atomically(file, to_lines(self.cases))
        return replace(self, path=file)

    def _write(self, change: Callable[["GoldenSet"], tuple[Case, ...]]) -> "GoldenSet":
        if self.path is None:
            return GoldenSet(change(self))
        with locked(self.path):
            there = GoldenSet.load(self.path) if self.path.exists() else self
            changed = GoldenSet(change(there), self.path)
            write_atomically(self.path, to_lines(changed.cases))
        return changed

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        counts = Counter(case.status for case in self.cases)
        states = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
        where = "in memory" if self.path is None else str(self.path)
        shown = [(case.id, *_brief(case)[1:], ", ".join(case.tags)) for case in self.cases[:10]]
        more = [f"and {len(self) - 10} more"] if len(self) > 10 else []
        more += [said] if (said := say_masks(count_masks(texts_of(self.cases)))) else []
        title = f"Golden set of {len(self)} cases, {where}"
        subtitle = f"{states or 'empty'}; contents {self.content_hash[:12]}"
        return Table(title, subtitle, ("id", "input", "expected", "tags"), shown, more)


def _brief(case: Case) -> tuple[str, str, str]:
    never = "never: " if case.label == "bad" else ""
    return case.id, shorten(case.text), never + shorten(as_text(case.expected))
