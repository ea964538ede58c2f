"""`llmops-lab compare`: what changed from one run to another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmops_lab.cli._command import Outcome, Variable, command
from llmops_lab.cli._options import run_of

if TYPE_CHECKING:
    from llmops_lab._display import Listing
    from llmops_lab.comparison import Comparison

_WIDTH = 36


@command("compare", example="run.jsonl previous.jsonl --flips")
def comparison(
    run: Annotated[Path, typer.Argument(help="The run."), Variable()],
    baseline: Annotated[Path, typer.Argument(help="The run it is compared with."), Variable()],
    metric: Annotated[str, typer.Option(help="passed, or a scorer's name.")] = "passed",
    by: Annotated[
        str, typer.Option(help="Groups by tags, split, cluster, severity or label; or none.")
    ] = "tags",
    flips: Annotated[
        bool, typer.Option("--flips", help="List every case that changed, with both answers.")
    ] = False,
) -> Any:
    """Compare two runs case by case: the change with its interval, per tag, and what flipped."""
    from llmops_lab.comparison import compare

    groups = None if by == "none" else by
    found = compare(run_of(run), run_of(baseline), metric=metric, by=groups)
    return Outcome(_flips(found), frame=found.flips) if flips else found


def _flips(found: "Comparison") -> "Listing":
    """Every case that changed, those that got worse first, each answer cut to its beginning."""
    from llmops_lab._cases.case import as_text, shorten
    from llmops_lab._display import Listing, Table
    from llmops_lab._quantities import counted

    def short(value: Any) -> str:
        return "–" if value is None else shorten(as_text(value), _WIDTH)

    rows = [
        (
            row["case_id"],
            "worse" if row["current"] < row["baseline"] else "better",
            *(short(row[name]) for name in ("expected", "baseline_output", "output")),
        )
        for row in found.flips.iter_rows(named=True)
    ]
    title = f"Cases that changed in {found.metric}: {found.baseline_run_id} → {found.run_id}"
    columns = ("case", "", "expected", "before", "now")
    return Listing(Table(title, counted(len(rows), "case"), columns if rows else ("",), rows))
