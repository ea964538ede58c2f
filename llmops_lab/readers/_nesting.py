"""Span records inside documents: how they lie there, and where each stands."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from llmops_lab.readers._json import UnreadableError

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Nesting:
    """How span records lie in the document of a line, for a decoder that reads both at once.

    `document` gives the type of a line from that of a span, `spans` what surrounds a document's
    spans and the spans, `told` the columns that the spans' own columns tell.
    """

    document: Callable[[type[msgspec.Struct]], Any]
    spans: Callable[[Any], Iterable[tuple[Mapping[str, Any], Sequence[msgspec.Struct]]]]
    told: Callable[[Columns], Columns]


@dataclass
class Gathered:
    """Where the spans of documents stand, and what surrounds them."""

    first: int
    nesting: Nesting
    lines: list[int] = field(default_factory=list[int])
    contexts: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    n_documents: int = 0

    def take(self, documents: Iterable[Any]) -> list[msgspec.Struct]:
        """The spans of documents, a line each; notes where they stand.

        Raises UnreadableError for a document without any.
        """
        structs: list[msgspec.Struct] = []
        for document in documents:
            before = len(structs)
            for context, spans in self.nesting.spans(document):
                structs += spans
                self.contexts += [context] * len(spans)
            if len(structs) == before:
                raise UnreadableError("holds no spans")
            self.lines += [self.first + self.n_documents] * (len(structs) - before)
            self.n_documents += 1
        return structs
