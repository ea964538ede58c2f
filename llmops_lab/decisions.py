"""The log of what was decided: one line each, chained by hashes, so that a change shows."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._cases.case import now
from llmops_lab._display import Shown, Table
from llmops_lab._git import Repository
from llmops_lab._quantities import counted, moment
from llmops_lab.errors import LabError

__all__ = ["Break", "Decision", "DecisionLog"]

Kind = Literal["verdict", "approval", "overrule", "rollback", "note"]
_START = "0" * 64
_ROWS_SHOWN = 20


@dataclass(frozen=True)
class Decision:
    """One line of the log: what was decided, when and by whom.

    `previous` is the `hash` of the line before; `hash` is SHA-256 over all the rest of the line.
    """

    number: int
    at: str
    kind: Kind
    by: str
    says: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    previous: str = _START
    hash: str = ""

    @property
    def right_hash(self) -> str:
        rest = {name: value for name, value in vars(self).items() if name != "hash"}
        return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).hexdigest()

    def line(self) -> bytes:
        return msgspec.json.encode(vars(self), order="sorted") + b"\n"


@dataclass(frozen=True)
class Break:
    """Where the log is not as it was written; `line` counts from 1."""

    line: int
    says: str


@dataclass(frozen=True, repr=False)
class DecisionLog(Shown):
    """The decisions in a JSONL file; `entries` are those that can be read, in file order."""

    path: Path
    entries: tuple[Decision, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> "DecisionLog":
        """The log in a file; an empty one where there is no file yet."""
        file = Path(path)
        lines = file.read_bytes().splitlines() if file.exists() else []
        return cls(file, tuple(entry for line in lines if (entry := _read(line)) is not None))

    def append(
        self, kind: Kind, says: str, *, by: str, facts: dict[str, Any] | None = None
    ) -> "DecisionLog":
        """The log with one more line in the file, after all that others have written meanwhile.

        Raises LabError for an unknown kind, and when the file's last line is damaged.
        """
        if kind not in get_args(Kind):
            raise LabError(f"no decision of kind {kind!r}; there are: {', '.join(get_args(Kind))}")
        with locked(self.path):
            before = self.path.read_bytes() if self.path.exists() else b""
            last = _read(before.splitlines()[-1]) if before else None
            if before and (last is None or not before.endswith(b"\n")):
                raise LabError(f"the last line of {self.path} is damaged; see its verify()")
            number, previous = (1, _START) if last is None else (last.number + 1, last.hash)
            entry = Decision(number, now(), kind, by, says, facts or {}, previous)
            chained = replace(entry, hash=entry.right_hash)
            write_atomically(self.path, before + chained.line())
        return DecisionLog.load(self.path)

    def verify(self) -> list[Break]:
        """Where lines were altered, cut out, moved or added by hand; empty for a whole log.

        A chain alone cannot tell that its end is missing, or that all of it was written anew:
        where Git holds the log, each committed state must be how the file begins.
        """
        data = self.path.read_bytes() if self.path.exists() else b""
        return [*_broken_links(data), *_rewritten(self.path, data)]

    def _table(self) -> Table:
        shown = self.entries[-_ROWS_SHOWN:]
        rows = [(str(e.number), moment(e.at), e.kind, e.by, e.says) for e in shown]
        broken = [f"line {each.line}: {each.says}" for each in self.verify()]
        subtitle = f"{counted(len(self.entries), 'decision')}, " + (
            "not as they were written" if broken else "the chain is whole"
        )
        columns = ("", "when", "what", "by", "says")
        return Table(f"Decisions in {self.path.name}", subtitle, columns, rows, callouts=broken)


def _read(line: bytes) -> Decision | None:
    try:
        return msgspec.json.decode(line, type=Decision)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _broken_links(data: bytes) -> list[Break]:
    found: list[Break] = []
    entries = [_read(line) for line in data.splitlines()]
    places = {entry.hash: i for i, entry in enumerate(entries, start=1) if entry is not None}
    previous, number = _START, 0
    for line, entry in enumerate(entries, start=1):
        if entry is None:
            found.append(Break(line, "is no decision: cut off or overwritten"))
            continue
        if entry.hash != entry.right_hash:
            found.append(Break(line, "was altered after it was written"))
        elif entry.previous != previous:
            moved = entry.previous in places or (entry.previous == _START and line > 1)
            lost = entry.number - number - 1
            says = f"does not follow the line before it: {lost} cut out" if lost > 0 else None
            found.append(Break(line, says if says and not moved else "stands out of order"))
        previous, number = entry.hash, entry.number
    if data and not data.endswith(b"\n"):
        found.append(Break(len(entries), "is cut off"))
    return found


def _rewritten(path: Path, data: bytes) -> list[Break]:
    """Where the file is not what Git has of it, with more lines at most."""
    repository = Repository.around(path)
    if repository is None:
        return []
    for revision in repository.revisions(repository.relative(path)):
        known = repository.content(revision.blob_sha)
        if not data.startswith(known):
            here, there = data.splitlines(), known.splitlines()
            same = [a == b for a, b in zip(here, there, strict=False)]
            line = same.index(False) + 1 if False in same else len(here) + 1
            says = f"is not what commit {revision.sha[:9]} holds, which has {len(there)} lines"
            return [Break(line, says)]
    return []
