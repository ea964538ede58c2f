"""A command, and the program that all of them make: in a terminal and in a cell alike."""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, get_args

import polars as pl
import typer

from llmops_lab._registry import Registry
from llmops_lab.errors import LabError


@dataclass(frozen=True)
class Command:
    """What a function of this folder offers; `keeps` is the variable that a cell keeps it in.

    `function` returns a noun, an `Outcome`, or None where it has printed what there was to say.
    """

    function: Callable[..., Any]
    example: str
    keeps: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a command ended, where that is more than the noun that it shows.

    `frame` are the rows of --json and --csv where they are not `shown.frame`, `kept` is what a
    cell keeps where it is not `shown`, `next` is what a terminal says to do next.
    """

    shown: Any
    frame: pl.DataFrame | None = None
    kept: Any = None
    exit_code: int = 0
    next: str = ""


@dataclass(frozen=True)
class Variable:
    """Marks a parameter that in a cell may name a variable; `name` is the one meant by default.

    Where `is_needed`, a plain word has to be a variable or a file; `with_commas` allows several
    in one word.
    """

    name: str | None = None
    is_needed: bool = True
    with_commas: bool = False


commands: Registry[Command] = Registry("command", "llmops_lab.cli")
CODES = """Exit codes: 0 done, or the gate passes; 1 the gate fails, or the decision log was
tampered with; 2 the gate cannot tell; 3 the call or its input is wrong; 130 an eval was
interrupted; 141 nobody reads what is printed."""
groups: dict[str, str] = {}
"""What the first word of commands such as `prompt diff` stands for."""


def command(
    name: str, *, example: str, keeps: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Offer a function as `llmops-lab NAME` and `%llmops NAME`.

    `example` is what stands after the name in the one example of its help.
    """

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        commands.register(name)(Command(function, example, keeps))
        return function

    return add


class Place(Protocol):
    """Where commands are called from."""

    program: str

    def parameters(self, command: Command) -> Sequence[inspect.Parameter]:
        """The options of the command that only this place has."""
        ...

    def fitted(self, parameter: inspect.Parameter) -> inspect.Parameter:
        """A parameter of a command as this place offers it."""
        ...

    def run(self, command: Command, given: dict[str, Any]) -> Any:
        """Call the command with what was given, its parameters and the place's own."""
        ...


def program(place: Place) -> typer.Typer:
    """The program that offers every command in a place."""
    app = _group("Find what changed in production LLM traces, and gate changes in CI.", CODES)
    app.callback(invoke_without_command=True)(_root)
    into = {"": app}
    for name, offered in commands.items():
        first, _, last = name.rpartition(" ")
        if first not in into:
            into[first] = _group(groups[first])
            app.add_typer(into[first], name=first)
        says = (inspect.getdoc(offered.function) or "").partition("\n")[0]
        example = f"\b\nExample:\n  {place.program} {name} {offered.example}"
        into[first].command(last, short_help=says, epilog=example)(_called(place, offered))
    return app


def marks(parameter: inspect.Parameter) -> Sequence[Any]:
    """What a parameter is annotated with beside its type."""
    return get_args(parameter.annotation)[1:]


def _group(says: str, epilog: str | None = None) -> typer.Typer:
    return typer.Typer(
        add_completion=False, no_args_is_help=True, rich_markup_mode=None, help=says, epilog=epilog
    )


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from llmops_lab import __version__

        typer.echo(__version__)
        context.exit()


def _called(place: Place, offered: Command) -> Callable[..., Any]:
    """The command as typer reads it: its signature is the function's with the place's options."""
    signature = inspect.signature(offered.function)
    parameters = [place.fitted(each) for each in signature.parameters.values()]
    # A parameter with a default may stand before one without: typer calls by name.
    own = place.parameters(offered)
    every = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*parameters, *own)]

    def call(**given: Any) -> Any:
        try:
            return place.run(offered, given)
        except LabError as error:
            raise LabError(_in_options(str(error), signature.parameters)) from error

    call.__doc__ = offered.function.__doc__
    call.__signature__ = signature.replace(parameters=every)  # pyright: ignore[reportFunctionMemberAccess]
    call.__annotations__ = {each.name: each.annotation for each in every}
    return call


def _in_options(says: str, parameters: Iterable[str]) -> str:
    """The error of a call in Python, with the command's options for its arguments."""
    for name in parameters:
        option = f"--{name.replace('_', '-')}"
        says = re.sub(rf"(?<![\w.-]){name}=(?=[\s,;(]|$)", option, says)
        says = re.sub(rf"\b{name}\b", option, says) if "_" in name else says
    return says.replace("mapping=", "--format OUR_COLUMN=ITS_COLUMN,…")
