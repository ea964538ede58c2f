"""`llmops-lab redact`: traces without personal data and secrets."""

from pathlib import Path
from typing import Annotated

import typer

from llmops_lab.cli._command import command
from llmops_lab.cli._options import Format, Sources, traces_of


@command("redact", example='export.jsonl --out for_a_colleague --name "Ana López"')
def redact_traces(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="Folder to write canonical Parquet to.")],
    name: Annotated[list[str] | None, typer.Option(help="Name to mask; repeatable.")] = None,
    user_ids: Annotated[bool, typer.Option("--user-ids", help="Mask every user id too.")] = False,
    format: Format = None,
) -> None:
    """Write traces with e-mails, phones, cards, keys, IPs and the given names masked."""
    from llmops_lab._privacy.counting import say_masks
    from llmops_lab.redaction import count_masked, redact

    traces = traces_of(sources, format)
    masked = redact(traces, names=name or (), user_ids=user_ids)
    masked.write_parquet(out, redacted=False)
    typer.echo(f"{len(masked)} traces in {out}")
    typer.echo(say_masks(count_masked(masked)) or "nothing to mask was found")
