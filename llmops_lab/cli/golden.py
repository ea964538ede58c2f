"""`llmops-lab golden`: the test cases of a golden set, looked at, added and reviewed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from llmops_lab.cli._command import Outcome, Variable, command, groups
from llmops_lab.cli._options import golden_of, keys_of, run_of, to_review, traces_of
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmops_lab.golden import Case, GoldenSet

groups["golden"] = "Test cases of a golden set: list, show, diff, add, review and remove them."

_Golden = Annotated[Path, typer.Argument(help="Golden set, JSONL."), Variable("golden")]
_Ids = Annotated[list[str], typer.Argument(help="Ids of cases.")]
_Cases = Annotated[
    list[str],
    typer.Argument(help="Golden sets (JSONL), or files of the --format."),
    Variable(is_needed=False),
]
_From = Annotated[
    str,
    typer.Option(
        "--format",
        help="What the files are: golden, a case format (table, promptfoo, langfuse …), failures "
        "(of runs) or traces.",
    ),
]


@command("golden list", example="golden.jsonl --status quarantined --tag returns")
def list_cases(
    golden: _Golden,
    status: Annotated[
        str | None, typer.Option(help="Only active, quarantined or archived ones.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only with one of these; commas or repeated.")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Only of this severity.")] = None,
) -> Any:
    """List cases with status, severity, question, expected answer and tags."""
    from llmops_lab._cases.changes import LISTED, listed
    from llmops_lab._display import Listing, Table
    from llmops_lab.golden import GoldenSet

    there, tags = golden_of(golden), set(keys_of(tag))
    kept = GoldenSet(
        tuple(
            case
            for case in there
            if status in {None, case.status}
            and severity in {None, case.severity}
            and (not tags or tags & set(case.tags))
        )
    )
    waiting = sum(case.status == "quarantined" for case in kept)
    notes = [f"{waiting} wait for review: llmops-lab golden review {golden} ID"] if waiting else []
    rows = [listed(case) for case in kept]
    says = f"{len(kept)} of {len(there)} cases"
    return Outcome(
        Listing(Table(f"Golden set {there.path or ''}", says, LISTED if rows else (), rows, notes)),
        frame=kept.frame,
    )


@command("golden show", example="golden.jsonl 3f2a9c1b7d40")
def show_cases(golden: _Golden, ids: _Ids) -> Any:
    """Show all that cases hold: question, expected answer, rubric, source, who reviewed them."""
    from llmops_lab._cases.case import as_text, record_of, shorten
    from llmops_lab._display import Listing, Table
    from llmops_lab.golden import GoldenSet

    cases = [golden_of(golden)[name] for name in ids]
    rows = [
        (
            field,
            shorten(as_text(value), 1000) if isinstance(value, (str, list, dict)) else str(value),
        )
        for case in cases
        for field, value in {"id": case.id, "status": case.status, **record_of(case)}.items()
    ]
    table = Table(", ".join(ids), f"of {golden}", (), rows)
    return Outcome(Listing(table), frame=GoldenSet(tuple(cases)).frame)


@command("golden diff", example="golden.jsonl other.jsonl")
def diff_cases(golden: _Golden, cases: _Cases, format: _From = "golden") -> Any:
    """Show what `golden add` of the same files would do, and do nothing."""
    there = golden_of(golden, new=True)
    return Outcome(there.diff(_cases(cases, format)), frame=there.frame)


@command("golden add", example="golden.jsonl run.jsonl --format failures", keeps="golden")
def add_cases(golden: _Golden, cases: _Cases, format: _From = "golden") -> Any:
    """Add the cases that the golden set does not hold yet; begins the file where there is none.

    Of failures and traces come candidates, masked and quarantined until they are reviewed.
    """
    there = golden_of(golden, new=True)
    found = list(_cases(cases, format))
    changes = there.diff(found)
    added = there.add(found)
    return Outcome(changes, frame=added.frame, kept=added, next=to_review(golden, changes.new))


@command(
    "golden review",
    example='golden.jsonl 3f2a9c1b7d40 --by Ana --expected "Within 30 days."',
    keeps="golden",
)
def review_cases(
    golden: _Golden,
    ids: _Ids,
    by: Annotated[
        str | None, typer.Option(help="Who has looked at them; who commits here, by Git.")
    ] = None,
    expected: Annotated[str | None, typer.Option(help="The answer to give, corrected.")] = None,
    label: Annotated[
        Literal["good", "bad"] | None,
        typer.Option(help="Whether `expected` is to be given, or never to be given."),
    ] = None,
) -> Any:
    """Accept cases as they are, or corrected: they become active and count in an eval."""
    if expected is not None and len(ids) > 1:
        raise LabError("--expected corrects one case; name one id")
    there = golden_of(golden)
    who = by or _who_commits(there)
    for name in ids:
        there = there.revise(there[name].reviewed(who, expected=expected, label=label))
    return Outcome(_named(there, ids), kept=there)


@command("golden remove", example="golden.jsonl 3f2a9c1b7d40", keeps="golden")
def remove_cases(golden: _Golden, ids: _Ids) -> Any:
    """Remove cases that were added by mistake; Git has them still."""
    there = golden_of(golden)
    for name in ids:
        there = there.remove(there[name])
    return Outcome(there, kept=there)


def _cases(sources: list[str], format: str) -> "Iterable[Case]":
    """The cases in files of a format."""
    from llmops_lab.exchange import import_cases
    from llmops_lab.golden import GoldenSet

    if format == "traces":
        return GoldenSet.from_traces(traces_of(sources))
    if format == "golden":
        return [case for each in sources for case in golden_of(each)]
    if format == "failures":
        return [case for each in sources for case in run_of(each).failures()]
    return [case for each in sources for case in import_cases(each, format=format)]


def _named(golden: "GoldenSet", ids: list[str]) -> "GoldenSet":
    return replace(golden, cases=tuple(case for case in golden if case.id in ids))


def _who_commits(golden: "GoldenSet") -> str:
    from llmops_lab._git import Repository

    repository = Repository.around(golden.path or Path())
    if repository is None:
        raise LabError("say who reviews: --by NAME (inside of Git it is who commits)")
    return str(repository.user())
