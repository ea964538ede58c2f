"""Results of other tools as runs."""

from pathlib import Path
from zipfile import BadZipFile

from llmops_lab import __version__
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import FormatError, LabError
from llmops_lab.exporters import run_formats
from llmops_lab.exporters._run_format import Imported, run_of


def import_run(
    path: str | Path, *, format: str | None = None, target: str | None = None
) -> EvalRun:
    """The run in another tool's file of results, to compare, gate, explore or learn from.

    `format` is one of `run_formats` (deepeval, inspect-ai, junit, lm-eval, promptfoo), told by
    the content unless given. Of a file with several targets (prompts, providers, filters) name
    one. Scores keep their values where they lie between 0 and 1. Raises FormatError for a file
    that holds no results, and LabError that names the targets when there are several.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise LabError(f"no results {file}: {error.strerror}") from error
    name = format or _recognised(data, file)
    results = _of_target(_results(name, data, file), target)
    return run_of(results, file=file.name, format=name, version=__version__)


def _recognised(data: bytes, file: Path) -> str:
    suffix = file.suffix.lower()
    found = [name for name, form in run_formats.items() if form.recognises(data, suffix)]
    if len(found) != 1:
        says = f"it could be {' or '.join(found)}" if found else "no format is known for it"
        names = ", ".join(run_formats)
        raise FormatError(f"{file.name}: {says}; say format=, one of: {names}")
    return found[0]


def _results(name: str, data: bytes, file: Path) -> list[Imported]:
    try:
        found = list(run_formats[name].read(data))
    except (KeyError, TypeError, AttributeError, ValueError, BadZipFile) as error:
        raise FormatError(f"{file.name} is no file of {name} results: {error!r}") from error
    if not found:
        raise FormatError(f"{file.name} holds no results")
    return found


def _of_target(results: list[Imported], target: str | None) -> list[Imported]:
    names = list(dict.fromkeys(result.target for result in results))
    if target is None and len(names) > 1:
        raise LabError(f"results of several targets; say target=, one of: {', '.join(names)}")
    if target is not None and target not in names:
        raise LabError(f"no target {target!r} in this file; there are: {', '.join(names)}")
    return [result for result in results if result.target == (target or names[0])]
