"""The command line, for CI and terminals: one module per command, found in this folder.

Exit codes: 0 done (or the gate passes), 1 the gate fails, 2 the gate cannot tell,
3 the call or its input is wrong, 130 an eval was interrupted.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from llmops_lab._registry import Registry
from llmops_lab.errors import LabError

WRONG_INPUT = 3

commands: Registry[Callable[..., Any]] = Registry("command", "llmops_lab.cli")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; the program's exit code says how it ended."""
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    from typer import Exit, echo
    from typer.main import get_command

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _tell
            code = get_command(_app())(arguments, prog_name="llmops-lab", standalone_mode=False)
    except LabError as error:
        echo(f"error: {error}", err=True)
        return WRONG_INPUT
    except Exit as end:
        return end.exit_code
    except Exception as error:
        return _wrong_usage(error)
    return code if isinstance(code, int) else 0


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


def _app() -> Any:
    from typer import Context, Option, Typer, echo

    app = Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

    @app.callback(invoke_without_command=True)
    def root(  # pyright: ignore[reportUnusedFunction]
        context: Context,
        version: Annotated[bool, Option("--version", help="Print the version and exit.")] = False,
    ) -> None:
        """Find what changed in production LLM traces, and gate changes in CI."""
        if version:
            from llmops_lab import __version__

            echo(__version__)
            context.exit()

    for name, command in commands.items():
        if isinstance(command, Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app
