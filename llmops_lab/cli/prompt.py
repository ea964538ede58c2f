"""`llmops-lab prompt`: the versions of a prompt file in Git, what changed, and the way back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmops_lab.cli._command import command, groups
from llmops_lab.errors import LabError

if TYPE_CHECKING:
    from llmops_lab.prompts import Prompt

File = Annotated[Path, typer.Argument(help="Prompt file, Markdown with front matter.")]

groups["prompt"] = "Versions of a prompt in Git: history, diff and rollback."


@command("prompt history", example="prompts/helper.md")
def history_of(path: File) -> Any:
    """List every version that Git holds, newest first, with tags and authors."""
    from llmops_lab.prompts import Prompt, history

    return history(Prompt.load(path))


@command("prompt diff", example="prompts/helper.md --from v1.4")
def diff_of(
    path: File,
    other: Annotated[Path | None, typer.Argument(help="Another file, to compare with.")] = None,
    before: Annotated[
        str | None,
        typer.Option("--from", help="Commit, tag or branch; else the last version that differs."),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--to", help="Commit, tag or branch; else the file as it is.")
    ] = None,
) -> Any:
    """Show what changed, in front matter and text, by line and word.

    Of one file: since the last version that differs, or between two versions. Of two files: from
    the first to the second.
    """
    from llmops_lab.prompts import Prompt, diff

    if other is not None:
        return diff(Prompt.load(path, before), Prompt.load(other, after))
    now = Prompt.load(path, after)
    return diff(_before(now, path) if before is None else Prompt.load(path, before), now)


@command("prompt rollback", example="prompts/helper.md v1.4 --dry-run")
def rollback_to(
    path: File,
    rev: Annotated[str, typer.Argument(help="Commit, tag or branch whose version is to return.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
) -> None:
    """Put an older version back into the file, as a change for you to commit.

    Refuses when the file holds changes that no commit has.
    """
    from llmops_lab.prompts import Prompt, rollback

    back = rollback(Prompt.load(path), rev)
    if back.diff.is_empty:
        typer.echo(f"{path} is as it was at {rev}; nothing to do")
        return
    typer.echo(str(back))
    if not dry_run:
        back.write()
        typer.echo(f"{path} is again as it was at {rev}; commit it: git commit {path}")


def _before(prompt: "Prompt", path: Path) -> "Prompt":
    """The newest version of the file that differs from the prompt."""
    from llmops_lab.prompts import Prompt, history

    revisions = history(prompt).revisions
    place = 0 if prompt.dirty else [each.sha for each in revisions].index(str(prompt.git_sha))
    earlier = [each for each in revisions[place:] if each.blob_sha != prompt.blob_sha]
    if not earlier:
        raise LabError(f"{path} has one version only; name another file or give --from and --to")
    return Prompt.load(path, earlier[0].sha)
