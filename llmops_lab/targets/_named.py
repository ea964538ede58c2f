"""Targets as people name them in a terminal or a file of settings."""

import shlex
from pathlib import Path
from typing import Any

from llmops_lab._prompts.prompt import Prompt
from llmops_lab._runs.named import named_object
from llmops_lab.errors import LabError
from llmops_lab.targets._target import targets

HOW = (
    "package.module:function, MODEL@BASE_URL, a prompt file (prompt.md, or prompt.md@BASE_URL), "
    "a file of recorded answers, or 'run: PROGRAM ARGUMENT…'"
)


def named_target(name: str, *, folder: Path | None = None) -> Any:
    """The target that HOW describes; paths and modules are sought in `folder`, else here.

    Raises LabError when there is none of that name.
    """
    model, at, url = name.partition("@")
    if model.endswith(".md"):
        return _prompted(_file(model, folder), url)
    if at and url.startswith("http"):
        return targets["endpoint"](model, url)
    if name.startswith("run:"):
        return targets["program"](shlex.split(name.removeprefix("run:")))
    if _file(name, folder).is_file():
        return targets["replay"](str(_file(name, folder)))
    if ":" not in name:
        raise LabError(f"no target {name!r}; write {HOW}")
    return named_object(name, folder=folder)


def _file(name: str, folder: Path | None) -> Path:
    return Path(name) if folder is None else folder / name


def _prompted(file: Path, base_url: str) -> Any:
    """A prompt file and the model that it names, at OpenAI's or another server."""
    prompt = Prompt.load(file)
    if not base_url:
        return targets["prompted"](prompt)
    if prompt.model is None:
        raise LabError(f"{file} names no model; add `model: …` to its front matter")
    endpoint = targets["endpoint"](prompt.model, base_url, params=prompt.parameters)
    return targets["prompted"](prompt, endpoint)
