"""Golden sets: reviewed cases in one JSONL file that Git diffs well and two people can edit."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._cases.case import Case, Source, from_lines, to_lines
from llmops_lab._cases.changes import LISTED, Changes, brief, changes_of, listed, overwriting
from llmops_lab._cases.frame import case_frame
from llmops_lab._cases.masked import texts_of
from llmops_lab._cases.traced import asking_rows, candidate, retrieved
from llmops_lab._display import Shown, Table
from llmops_lab._privacy.counting import count_masks, say_masks
from llmops_lab._privacy.masker import Masker
from llmops_lab._quantities import counted
from llmops_lab.errors import LabError
from llmops_lab.traces import Traces

__all__ = ["Case", "Changes", "GoldenSet", "Source"]


@dataclass(frozen=True, repr=False)
class GoldenSet(Shown):
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

    def reloaded(self) -> "GoldenSet":
        """The set as its file is now, with what others wrote; itself where it has no file."""
        return self if self.path is None else GoldenSet.load(self.path)

    @classmethod
    def from_traces(cls, traces: Traces, *, redacted: bool = True) -> "GoldenSet":
        """A candidate case per trace that has an input, each input once, to be reviewed.

        The recorded answer becomes `expected`: one never to give where feedback was negative or
        a scorer failed it (see `tags`), one to give elsewhere. Cases of one user, or else one
        conversation, share a cluster. Personal data and secrets are masked (see `redact`) unless
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

    def diff(self, cases: Iterable[Case] | None = None) -> Changes:
        """What `add` would do with these cases; without any, what `save` would do to the file.

        A case that is added is known by its content, not its id: one that has the id of a case
        with other content is shown as changed, and `add` refuses it.
        """
        if cases is not None:
            return changes_of(self.cases, cases)
        there = self.path is not None and self.path.exists()
        return overwriting(GoldenSet.load(self.path or "").cases if there else (), self.cases)

    def add(self, cases: Iterable[Case]) -> "GoldenSet":
        """The set with those cases that it does not hold yet, written to its file if it has one.

        The file is read again under a lock, so that nothing another notebook added is lost.
        `diff(cases)` shows what would be written. Raises LabError when an id is taken by a case
        with other content.
        """
        added = list(cases)

        def with_new(now_there: GoldenSet) -> tuple[Case, ...]:
            changes = now_there.diff(added)
            if changes.changed:
                taken = changes.changed[0][1].id
                raise LabError(f"id {taken!r} is taken; give the case another, or revise it")
            return (*now_there.cases, *changes.new)

        return self._write(with_new)

    def revise(self, case: Case) -> "GoldenSet":
        """The set with this case in the place of the one with its id, one revision on.

        Raises LabError when the file holds a later revision than the case was made from: another
        reviewer's work would be lost.
        """

        def changed(now_there: GoldenSet) -> tuple[Case, ...]:
            now_there._check_as_known(case)
            revised = replace(case, rev=case.rev + 1)
            return tuple(revised if old.id == case.id else old for old in now_there.cases)

        return self._write(changed)

    def remove(self, case: Case) -> "GoldenSet":
        """The set without this case, as after an `add` that was a mistake.

        Raises LabError when there is no such case, or a later revision of it.
        """

        def without(now_there: GoldenSet) -> tuple[Case, ...]:
            now_there._check_as_known(case)
            return tuple(old for old in now_there.cases if old.id != case.id)

        return self._write(without)

    def _check_as_known(self, case: Case) -> None:
        there = self[case.id]
        if there.rev > case.rev:
            who = f" by {there.reviewed_by}" if there.reviewed_by else ""
            raise LabError(
                f"{case.id!r} was revised meanwhile{who}, now expecting {brief(there)[2]!r}; "
                "load the golden set again and decide"
            )

    def save(self, path: str | Path | None = None, *, drop: bool = False) -> "GoldenSet":
        """The set, written whole to `path` (or its own file) and bound to it.

        `diff()` shows what that does to its own file. Raises LabError when the file holds cases
        that this set does not, or later revisions, as after another notebook's `add`: they
        would be lost. `drop` writes all the same.
        """
        file = self.path if path is None else Path(path)
        if file is None:
            raise LabError("this golden set has no file; give save() a path")
        with locked(file):
            if file.exists() and not drop:
                self._check_nothing_lost(GoldenSet.load(file), file)
            write_atomically(file, to_lines(self.cases))
        return replace(self, path=file)

    def _check_nothing_lost(self, there: "GoldenSet", file: Path) -> None:
        changes = overwriting(there.cases, self.cases)
        newer = [old for old, new in changes.changed if old.rev > new.rev]
        if lost := [case.id for case in (*changes.dropped, *newer)]:
            raise LabError(
                f"{file.name} holds {counted(len(lost), 'case')} that this set does not, or has "
                f"in a later revision ({', '.join(lost[:3])} …): add() and revise() keep them, "
                "save(drop=True) drops them; diff() shows them"
            )

    def _write(self, change: Callable[["GoldenSet"], tuple[Case, ...]]) -> "GoldenSet":
        if self.path is None:
            return GoldenSet(change(self))
        with locked(self.path):
            there = GoldenSet.load(self.path) if self.path.exists() else self
            changed = GoldenSet(change(there), self.path)
            write_atomically(self.path, to_lines(changed.cases))
        return changed

    def _table(self) -> Table:
        counts = Counter(case.status for case in self.cases)
        states = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
        where = "in memory" if self.path is None else str(self.path)
        shown = [listed(case) for case in self.cases[:10]]
        more = [f"and {len(self) - 10} more"] if len(self) > 10 else []
        more += [said] if (said := say_masks(count_masks(texts_of(self.cases)))) else []
        title = f"Golden set of {counted(len(self), 'case')}, {where}"
        subtitle = f"{states or 'empty'}; contents {self.content_hash[:12]}"
        return Table(title, subtitle, LISTED, shown, more)
