"""The command line, for CI and terminals: one module per command, found in this folder."""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from llmops_lab.cli._command import commands
from llmops_lab.errors import LabError

__all__ = ["commands", "main"]

WRONG_INPUT = 3
NOBODY_READS = 141  # 128 and the number of SIGPIPE, as a shell reports it of other tools


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; the program's exit code says how it ended."""
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        code = _silenced()
    except SystemExit as end:
        # What typer makes of a pipe that nobody reads.
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = _silenced()
    sys.exit(code)


def _silenced() -> int:
    """Send what is left to nowhere, or Python complains of it as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return NOBODY_READS


def _run(arguments: list[str]) -> int:
    from typer import echo
    from typer.main import get_command

    from llmops_lab.cli._command import program
    from llmops_lab.cli._terminal import Terminal

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _tell
            command = get_command(program(Terminal()))
            return command(arguments, prog_name="llmops-lab", standalone_mode=False) or 0
    except LabError as error:
        echo(f"error: {error}", err=True)
        return WRONG_INPUT
    except BrokenPipeError:
        raise
    except OSError as error:
        echo(f"error: {error.strerror or error}: {error.filename or 'a file'}", err=True)
        return WRONG_INPUT
    except Exception as error:
        return _wrong_usage(error)


def _tell(message: Warning | str, *_: Any) -> None:
    """A warning as a line, without the place in our code that gave it."""
    from typer import echo

    echo(f"note: {message}", err=True)


def _wrong_usage(error: Exception) -> int:
    """What the argument parser refuses, in its own words; anything else is our bug."""
    show = getattr(error, "show", None)
    if show is None or not hasattr(error, "exit_code"):
        raise error
    show()
    return WRONG_INPUT
