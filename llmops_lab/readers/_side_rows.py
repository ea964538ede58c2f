"""Rows for the side tables that attributes carry: documents, embeddings, annotations."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import number_of, text_of
from llmops_lab.readers._json import encode, list_in
from llmops_lab.readers._reader import Rows, SideRows
from llmops_lab.readers._tree import Tree

_DOCUMENTS = {
    "retrieval.documents": "retrieved",
    "gen_ai.retrieval.documents": "retrieved",
    "reranker.input_documents": "reranker_input",
    "reranker.output_documents": "reranker_output",
}
_ANNOTATIONS = {"annotations": "annotation", "evaluations": "evaluation"}
_SOURCES = {"human": "human", "llm": "llm", "code": "code", "api": "api"}
Make = Callable[[Mapping[str, Any], int], dict[str, Any]]


def attribute_rows(prefix: str) -> SideRows:
    """Side rows from the attributes that lie under a prefix like `attributes.`."""

    def rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
        found: dict[str, Rows] = {"documents": [], "embeddings": [], "scores": []}
        for path, role in _DOCUMENTS.items():
            make = document_maker(role)
            found["documents"] += _listed(tree, spans, f"{prefix}{path}", make)
        path = f"{prefix}embedding.embeddings"
        found["embeddings"] += _listed(tree, spans, path, _embedding)
        for path, stem in _ANNOTATIONS.items():
            found["scores"] += _listed(tree, spans, f"{prefix}{path}", _annotation_maker(stem))
        return found

    return rows


def _listed(tree: Tree, spans: pl.DataFrame, path: str, make: Make) -> Rows:
    """One row per item of the list at a path, with its span's keys."""
    values = tree.column(path)
    if values is None:
        return []
    ids = spans.select("trace_id", "span_id").iter_rows()
    return [
        {"trace_id": trace_id, "span_id": span_id, **make(item, position)}
        for (trace_id, span_id), value in zip(ids, values, strict=True)
        for position, item in _objects(value)
    ]


def _objects(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for position, item in enumerate(list_in(value)):
        if isinstance(item, Mapping):
            yield position, item


def document_maker(role: str) -> Make:
    """A maker of document rows from OpenInference, LangChain or OTel items."""

    def make(item: Mapping[str, Any], position: int) -> dict[str, Any]:
        plain = {key.removeprefix("document."): value for key, value in item.items()}
        metadata = plain.get("metadata")
        content = plain.get("content", plain.get("page_content", plain.get("text")))
        return {
            "position": position,
            "role": role,
            "doc_id": text_of(plain.get("id")),
            "content": text_of(content),
            "score": as_number(plain.get("score")),
            "metadata": metadata if isinstance(metadata, str) else _json(metadata),
        }

    return make


def _json(value: Any) -> str | None:
    return None if value is None else encode(value)


def as_number(value: Any) -> float | None:
    """The number that a value writes; None when it writes none."""
    try:
        return None if value is None else number_of(value)
    except ValueError:
        return None


def _embedding(item: Mapping[str, Any], position: int) -> dict[str, Any]:
    return {
        "index": position,
        "text": text_of(item.get("embedding.text")),
        "vector": item.get("embedding.vector"),
    }


def _annotation_maker(stem: str) -> Make:
    def make(item: Mapping[str, Any], _: int) -> dict[str, Any]:
        plain = {key.removeprefix(f"{stem}."): value for key, value in item.items()}
        kind = str(plain.get("annotator_kind", plain.get("source", ""))).lower()
        value = as_number(plain.get("score"))
        return {
            "name": text_of(plain.get("name")),
            "value": value,
            "label": text_of(plain.get("label")),
            "data_type": "numeric" if value is not None else "categorical",
            "source": _SOURCES.get(kind, "unknown"),
            "explanation": text_of(plain.get("explanation")),
        }

    return make
