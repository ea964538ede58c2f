"""Cells that a table writer printed as Python does: `{'a': None}`, `array([1])`, `Timestamp('…')`.

Nothing is evaluated: the text is parsed to a syntax tree, and a tree of anything but plain values
leaves the cell as it is.
"""

import ast
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import polars as pl

_LOOKS_PRINTED: Final = r"^(?:\[|\{|array\()"
_LONGEST: Final = 500_000
_DEEPEST: Final = 60
_BRACKET: Final = re.compile(r"[\[({})\]]")
# numpy prints items without commas; two texts side by side would else be read as one.
_ITEM_END: Final = re.compile(
    r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[}\])])(\s+(?=['"{\[(]))?""", re.DOTALL
)
_NOTHING: Final = {"nan", "NaN", "NaT", "None"}


class _NotPlainError(ValueError):
    """The text is something else than plain values."""


def opened_cells(frame: pl.DataFrame, *, kept: frozenset[str] = frozenset()) -> pl.DataFrame:
    """The table with printed Python values as JSON; columns in `kept` hold text of any shape."""
    texts = [name for name in frame.columns if frame[name].dtype == pl.String and name not in kept]
    return frame.with_columns(_opened(frame[name]) for name in texts)


def _opened(cells: pl.Series) -> pl.Series:
    printed = cells.filter(cells.str.contains(_LOOKS_PRINTED)).unique()
    opened = pl.Series([as_json(cell) for cell in printed], dtype=pl.String)
    return cells.replace(printed, opened)


def as_json(text: str) -> str:
    """The JSON of printed plain values; any other text unchanged."""
    if len(text) > _LONGEST or _is_json(text) or _depth(text) > _DEEPEST:
        return text
    listed = _ITEM_END.sub(lambda end: f"{end[1]}, " if end[2] else end[1], text)
    try:
        tree = ast.parse(listed, mode="eval")
        return msgspec.json.encode(_plain(tree.body)).decode()
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return text


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _depth(text: str) -> int:
    """How deep brackets nest at most; those inside texts count too, which errs on the safe side."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[({" else -1
        deepest = max(deepest, depth)
    return deepest


def _plain(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.Name(id=name) if name in _NOTHING:
            return None
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_plain(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_key(key): _plain(value) for key, value in pairs}
        case ast.Call(func=function, args=arguments):
            return _CALLS.get(ast.unparse(function), _refused)(arguments)
        case _:
            raise _NotPlainError


def _key(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str() as key):
            return key
        case _:
            raise _NotPlainError


def _first(arguments: list[ast.expr]) -> Any:
    return _plain(arguments[0]) if arguments else None


def _time(arguments: list[ast.expr]) -> str:
    """The parts of a `datetime.datetime(2025, 7, 2, 16, 47, 47, 486249)` as ISO 8601 in UTC."""
    parts = [part for part in map(_plain, arguments[:7]) if isinstance(part, int)]
    year, month, day, hour, minute, second, micro = (*parts, *[0] * (7 - len(parts)))
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z"


def _refused(_: list[ast.expr]) -> Any:
    raise _NotPlainError


_CALLS: Final[dict[str, Callable[[list[ast.expr]], Any]]] = {
    "array": _first,
    "Timestamp": _first,
    "datetime.datetime": _time,
}
