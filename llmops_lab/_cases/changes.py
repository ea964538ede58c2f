"""What a write would do to a golden set, before it is done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from llmops_lab._cases.case import Case, as_text, shorten
from llmops_lab._display import Shown, Table

_STAMPS = {"rev", "created_at", "created_by", "reviewed_at", "source"}


@dataclass(frozen=True, repr=False)
class Changes(Shown):
    """`new` cases, `known` ones that are there already, `changed` ones as (old, new) under one
    id, and `dropped` ones that would be gone."""

    new: tuple[Case, ...]
    known: tuple[Case, ...]
    changed: tuple[tuple[Case, Case], ...] = ()
    dropped: tuple[Case, ...] = ()

    def _table(self) -> Table:
        rows = [("new", *brief(case)) for case in self.new]
        rows += [("changed", new.id, *_turned(old, new)) for old, new in self.changed]
        rows += [("dropped", *brief(case)) for case in self.dropped]
        rows += [("already there", *brief(case)) for case in self.known]
        counts = (
            (self.new, "new"),
            (self.changed, "changed"),
            (self.dropped, "dropped"),
            (self.known, "already there"),
        )
        said = ", ".join(f"{len(cases)} {what}" for cases, what in counts if cases)
        columns = ("", "id", "input", "expected")
        return Table("Changes to a golden set", said or "nothing changes", columns, rows)


def brief(case: Case) -> tuple[str, str, str]:
    """Id, input and expected answer of a case, short."""
    never = "never: " if case.label == "bad" else ""
    return case.id, shorten(case.text), never + shorten(as_text(case.expected))


LISTED = ("id", "status", "severity", "input", "expected", "tags")


def listed(case: Case) -> tuple[str, ...]:
    """A case as a row of a table with the columns LISTED."""
    name, asked, expected = brief(case)
    return name, case.status, case.severity or "–", asked, expected, ", ".join(case.tags) or "–"


def _turned(old: Case, new: Case) -> tuple[str, str]:
    """What changed under an id: the names of the fields, and the answer from and to."""
    names = [spec.name for spec in fields(Case) if spec.name not in {"id", *_STAMPS}]
    different = [name for name in names if getattr(old, name) != getattr(new, name)]
    before, after = brief(old)[2], brief(new)[2]
    return f"({', '.join(different)})", after if before == after else f"{before} → {after}"


def changes_of(there: Sequence[Case], wanted: Iterable[Case]) -> Changes:
    """What adding cases to those that are there would do; a case is known by its content."""
    contents = {case.content_hash for case in there}
    by_id = {case.id: case for case in there}
    new: list[Case] = []
    known: list[Case] = []
    changed: list[tuple[Case, Case]] = []
    for case in wanted:
        if case.content_hash in contents:
            known.append(case)
        elif case.id in by_id:
            changed.append((by_id[case.id], case))
        else:
            contents.add(case.content_hash)
            by_id[case.id] = case
            new.append(case)
    return Changes(tuple(new), tuple(known), tuple(changed))


def overwriting(there: Sequence[Case], wanted: Sequence[Case]) -> Changes:
    """What putting cases in the place of those that are there would do."""
    before, after = ({case.id: case for case in cases} for cases in (there, wanted))
    both = [(before[name], case) for name, case in after.items() if name in before]
    return Changes(
        new=tuple(case for name, case in after.items() if name not in before),
        known=tuple(new for old, new in both if old == new),
        changed=tuple((old, new) for old, new in both if old != new),
        dropped=tuple(case for name, case in before.items() if name not in after),
    )
