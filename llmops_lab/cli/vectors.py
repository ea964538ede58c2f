"""`llmops-lab vectors`: what is kept of embeddings, and how to forget it."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli._command import command


@command("vectors", example="--clear")
def vectors(
    folder: Annotated[
        Path | None, typer.Option(help="Where they are kept; the user's cache unless given.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Forget them all.")] = False,
) -> None:
    """How many vectors of texts are kept on this machine, and the space they take."""
    from llmops_lab._embedded.kept import clear_vectors, kept_vectors

    cache = folder if folder is not None else True
    if clear:
        typer.echo(f"{clear_vectors(cache) / 1e6:,.1f} MB freed")
    typer.echo(str(kept_vectors(cache)))
