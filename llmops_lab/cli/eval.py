"""`llmops-lab eval`: run a golden set against a target and keep the results."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from llmops_lab.cli import commands
from llmops_lab.cli._options import AsJson, Golden, named_object, show
from llmops_lab.errors import LabError


@commands.register("eval")
def evaluation(
    golden: Golden,
    target: Annotated[
        str,
        typer.Option(
            help="package.module:function, MODEL@BASE_URL, a prompt file (prompt.md, or "
            "prompt.md@BASE_URL), a file of recorded answers, or 'run: PROGRAM ARGUMENT…'."
        ),
    ],
    scorer: Annotated[
        list[str] | None,
        typer.Option(help="Scorer, or package.module:function; repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the run here; resumes if there.")] = None,
    concurrency: Annotated[int, typer.Option(help="Calls in flight at once.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Answer every case of a golden set, score the answers, keep the run."""
    from llmops_lab.evals import evaluate
    from llmops_lab.golden import GoldenSet

    run = evaluate(
        _target(target),
        GoldenSet.load(golden),
        scorers=[named_object(name) if ":" in name else name for name in scorer or ["exact"]],
        checkpoint=out,
        concurrency=concurrency,
    )
    show(run, run.frame, as_json=as_json)


def _target(name: str) -> Any:
    from llmops_lab.targets import targets

    model, at, url = name.partition("@")
    if model.endswith(".md"):
        return _prompted(model, url)
    if at and url.startswith("http"):
        return targets["endpoint"](model, url)
    if name.startswith("run:"):
        return targets["program"](shlex.split(name.removeprefix("run:")))
    if Path(name).is_file():
        return targets["replay"](name)
    if ":" not in name:
        raise LabError(f"no target {name!r}; write package.module:function or the path of a file")
    return named_object(name)


def _prompted(file: str, base_url: str) -> Any:
    """A prompt file and the model that it names, at OpenAI's or another server."""
    from llmops_lab.prompts import Prompt
    from llmops_lab.targets import targets

    prompt = Prompt.load(file)
    if not base_url:
        return targets["prompted"](prompt)
    if prompt.model is None:
        raise LabError(f"{file} names no model; add `model: …` to its front matter")
    endpoint = targets["endpoint"](prompt.model, base_url, params=prompt.parameters)
    return targets["prompted"](prompt, endpoint)
