"""Rows for the side tables that attributes carry: documents, embeddings, annotations."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import number_of, text_of
from llmops_lab.readers._json import encode, value_in
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
Make = Callable[[Mapping[str, Any], int], dict[str, Any] | None]


def attribute_rows(prefix: str) -> SideRows:
    """Side rows from the attributes that lie under a prefix like `attributes.`."""

    def rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
        found: dict[str, Rows] = {"documents": [], "embeddings": [], "scores": []}
        for path, role in _DOCUMENTS.items():
            make = document_maker(role)
            found["documents"] += item_rows(tree, spans, f"{prefix}{path}", make)
        path = f"{prefix}embedding.embeddings"
        found["embeddings"] += item_rows(tree, spans, path, _embedding)
        for path, stem in _ANNOTATIONS.items():
            found["scores"] += item_rows(tree, spans, f"{prefix}{path}", _annotation_maker(stem))
        return {**found, "guardrails": _guardrails(tree, spans, prefix)}

    return rows


# The proposed attributes of open-telemetry/semantic-conventions-genai (gen-ai-security.md).
_GUARDRAIL = {
    "name": "gen_ai.guardrail.component.name",
    "target": "gen_ai.guardrail.target.type",
    "verdict": "gen_ai.guardrail.verdict.type",
    "action": "gen_ai.guardrail.action.type",
    "category": "gen_ai.guardrail.security.risk.category|gen_ai.security.risk.category",
    "score": "gen_ai.guardrail.security.risk.score|gen_ai.security.risk.score",
    "reason": "gen_ai.guardrail.reason",
}


def _guardrails(tree: Tree, spans: pl.DataFrame, prefix: str) -> Rows:
    columns = {
        name: next(filter(None, (tree.listed(f"{prefix}{path}") for path in paths.split("|"))), [])
        for name, paths in _GUARDRAIL.items()
    }
    if not columns["verdict"]:
        return []
    ids = spans.select("trace_id", "span_id", "duration_s").iter_rows()
    return [
        {
            "trace_id": trace_id,
            "span_id": span_id,
            "duration_s": duration_s,
            **{name: values[row] if values else None for name, values in columns.items()},
            "score": as_number(columns["score"][row]) if columns["score"] else None,
        }
        for row, (trace_id, span_id, duration_s) in enumerate(ids)
        if columns["verdict"][row] is not None
    ]


def item_rows(tree: Tree, spans: pl.DataFrame, paths: str, make: Make) -> Rows:
    """One row per item of the lists at the paths (`a|b`), with its span's keys."""
    found: Rows = []
    for path in paths.split("|"):
        values = tree.listed(path)
        ids = spans.select("trace_id", "span_id").iter_rows() if values else ()
        for (trace_id, span_id), value in zip(ids, values, strict=False):
            made = (make(item, n) for n, item in enumerate(_items(value)))
            keys = {"trace_id": trace_id, "span_id": span_id}
            found += [{**keys, **row} for row in made if row is not None]
    return found


def _items(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; one object is a list of one."""
    inner = value_in(value)
    items = inner if isinstance(inner, list) else [inner]
    return [item for item in items if isinstance(item, dict)]


def document_maker(role: str) -> Callable[[Mapping[str, Any], int], dict[str, Any]]:
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
    """The number that a value writes, 1 and 0 for yes and no; None when it writes none."""
    if isinstance(value, bool):
        return float(value)
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
