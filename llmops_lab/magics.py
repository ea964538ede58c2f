"""`%llmops` and `%%llmops`: the commands of the terminal, on variables, returning nouns."""

import inspect
import shlex
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from llmops_lab.cli._command import Command, Outcome, Variable, marks, program
from llmops_lab.cli._options import keys_of
from llmops_lab.errors import LabError


def register(shell: Any) -> None:
    """Register the line and cell magic with an IPython shell."""

    from IPython.core.error import UsageError

    def llmops(line: str, cell: str | None = None) -> Any:
        try:
            return run(line, cell, shell)
        except LabError as error:
            # A notebook shows a UsageError as its one line, without a traceback.
            raise UsageError(str(error)) from error

    shell.register_magic_function(llmops, "line_cell", "llmops")


def run(line: str, cell: str | None, shell: Any) -> Any:
    """The result of one magic: a noun, which the notebook shows, None where it printed.

    A cell of `%%llmops eval` is run first; the function it defines last is the target.
    Raises LabError that names the way out.
    """
    words = shlex.split(line)
    if words in ([], ["help"]):
        words = ["--help"]
    if cell is not None:
        words += ["--target", _defined_target(cell, shell)]
    command = get_command(program(Notebook(shell.user_ns)))
    try:
        result = command(words, prog_name=Notebook.program, standalone_mode=False)
    except Exception as error:
        raise _wrong_usage(error) from error
    return None if isinstance(result, int) else result


def _wrong_usage(error: Exception) -> Exception:
    """What the argument parser refuses, in its own words; any other error as it is."""
    if not hasattr(error, "format_message"):
        return error
    context = getattr(error, "ctx", None)
    path = Notebook.program if context is None else context.command_path
    return LabError(f"{error.format_message()} See {path} --help")  # pyright: ignore[reportAttributeAccessIssue]


def _defined_target(cell: str, shell: Any) -> str:
    """The name of the function that the cell defines last."""
    before = dict(shell.user_ns)
    shell.run_cell(cell).raise_error()
    new = [
        name
        for name, value in shell.user_ns.items()
        if callable(value) and not name.startswith("_") and before.get(name) is not value
    ]
    if not new:
        raise LabError("the cell defines no function to evaluate; define answer(input) in it")
    return new[-1]


class Notebook:
    """The place `%llmops`: what a call names may be a variable, and what it finds becomes one."""

    program = "%llmops"

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace

    def parameters(self, command: Command) -> Sequence[inspect.Parameter]:
        """The variable that keeps what the command finds."""
        if command.keeps is None:
            return ()
        option = typer.Option("--as", help="Variable that keeps what is found.")
        kind = inspect.Parameter.KEYWORD_ONLY
        annotation = Annotated[str, option]
        return (inspect.Parameter("keep_as", kind, default=command.keeps, annotation=annotation),)

    def fitted(self, parameter: inspect.Parameter) -> inspect.Parameter:
        """The parameter, and which variable is meant where none is named."""
        mark = _variable_mark(parameter)
        if mark is None:
            return parameter
        kind, info, *_ = parameter.annotation.__origin__, *marks(parameter)
        info = copy(info)
        info.help = f"{info.help.rstrip('.')}; or a variable."
        fitted = parameter.replace(annotation=Annotated[kind, info, mark])
        if mark.name is None or parameter.default is not inspect.Parameter.empty:
            return fitted
        return fitted.replace(default=[mark.name] if kind == list[str] else mark.name)

    def run(self, command: Command, given: dict[str, Any]) -> Any:
        """Call the command with the variables' values; what it found, kept under its name."""
        keep_as = given.pop("keep_as", None)
        parameters = inspect.signature(command.function).parameters
        result = command.function(
            **{name: self._value(parameters[name], value) for name, value in given.items()}
        )
        ended = result if isinstance(result, Outcome) else Outcome(result)
        if keep_as is not None:
            self._namespace[keep_as] = ended.shown if ended.kept is None else ended.kept
        return ended.shown

    def _value(self, parameter: inspect.Parameter, given: Any) -> Any:
        mark = _variable_mark(parameter)
        if mark is None or given is None:
            return given
        if isinstance(given, (list, tuple)):
            names: list[str] = [*given]
            split = keys_of(names) if mark.with_commas else names
            return [self._held(mark, each) for each in split]
        return self._held(mark, given)

    def _held(self, mark: Variable, given: str | Path) -> Any:
        """What the variable of this name holds; the name itself where there is none."""
        name = str(given)
        if name in self._namespace:
            return self._namespace[name]
        if mark.is_needed and name.isidentifier() and not Path(name).exists():
            raise LabError(
                f"no variable called {name!r} in this notebook; load it first: %llmops load FILE"
            )
        return given


def _variable_mark(parameter: inspect.Parameter) -> Variable | None:
    return next((mark for mark in marks(parameter) if isinstance(mark, Variable)), None)
