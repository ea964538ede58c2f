"""`llmops-lab formats`: which exports can be read."""

import typer

from llmops_lab.cli._command import command


@command("formats", example="")
def formats() -> None:
    """The trace formats that can be read, one a line, and what shows that each is read right."""
    from llmops_lab.readers._reader import readers

    width = max(map(len, readers))
    for name, reader in readers.items():
        typer.echo(f"{name:<{width}}  {reader.title} (checked on: {reader.evidence})")
