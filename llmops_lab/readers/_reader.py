"""What a reader is: a table of fields, and the key sets by which its format is known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import polars as pl

from llmops_lab._registry import Registry
from llmops_lab.readers._buckets import Buckets
from llmops_lab.readers._convert import Convert, word
from llmops_lab.readers._nesting import Nesting
from llmops_lab.readers._records import Record
from llmops_lab.readers._tree import Tree

Rows = list[dict[str, Any]]
Evidence = Literal[
    "real file",
    "made with the tool's package",
    "real file seen in public",
    "from the published schema",
]


TRACE_ROW = "trace"  # the operation of a row that stands for a whole trace


class Field(NamedTuple):
    """A canonical column, where it is found (`a|b.c`: the first that has a value), and how read.

    Beside the canonical columns there are: start_ns, end_ns, first_token_ns (whole nanoseconds),
    and input, output (any JSON; they give the messages and texts).
    """

    column: str
    paths: str
    convert: Convert = word


class Exploded(NamedTuple):
    """The span records that one record of a file holds, and rows for the side tables."""

    records: Sequence[Record]
    side_rows: Mapping[str, Rows] = {}


Explode = Callable[[Record], Exploded]
SideRows = Callable[[Tree, pl.DataFrame], Mapping[str, Rows]]


@dataclass(frozen=True)
class Reader:
    """One format, declared. A signature is a set of keys that together only this format has.

    Keys below another are written with a slash: `info/trace_id`, and `data[]/context` for the
    first item of a list. `source` names the package that made the evidence,
    or the repository where it was seen. `page_sizes` are the numbers of records at which the tool cuts an export.
    `explode` opens documents that hold many spans; `nesting` says the same to a quicker decoder.
    `typed` keys have a msgspec type for the quick decoder, `shapes` one that most records have.
    `raw` keys hold text of any shape, kept byte-exact; `repeats` are keys that only say again what
    others do, and are dropped. Where a file has no key of status or error its statuses are unknown,
    unless the tool `is_silent_of_success` and writes these keys only of failures. `mend` is done to a table before it is read, `finish` to its spans.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    signatures: tuple[frozenset[str], ...] = ()
    evidence: Evidence = "from the published schema"
    source: str = ""
    explode: Explode | None = None
    nesting: Nesting | None = None
    side_rows: SideRows | None = None
    raw: frozenset[str] = frozenset()
    repeats: frozenset[str] = frozenset()
    shapes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    typed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    mend: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    finish: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    required: tuple[str, ...] = ("span_id",)
    is_silent_of_success: bool = False
    page_sizes: tuple[int, ...] = ()

    def asked(self) -> Iterator[str]:
        """Every key that a path may start with."""
        for found in self.fields:
            for path in found.paths.split("|"):
                parts = path.split(".")
                yield from (".".join(parts[: n + 1]) for n in range(len(parts)))

    def opened(self) -> set[str]:
        """The paths of which only what lies below is asked for."""
        whole = (f.paths for f in self.fields if not isinstance(f.convert, Buckets))
        return set(self.asked()) - {path for paths in whole for path in paths.split("|")}


readers: Registry[Reader] = Registry("reader", "llmops_lab.readers")


def reader(name: str, **declared: Any) -> Reader:
    """File a reader under its name."""
    return readers.register(name)(Reader(name, **declared))


def keys(*signatures: str) -> tuple[frozenset[str], ...]:
    """Signatures from words: `keys("trace observations", "observations scores")`."""
    return tuple(frozenset(signature.split()) for signature in signatures)
