"""Phoenix span JSON: REST pages, the UI's spans.jsonl and trace.jsonl, REST OTLP pages."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import text_of
from llmops_lab.readers._json import plain_object
from llmops_lab.readers._phoenix import SPAN
from llmops_lab.readers._reader import Rows, keys, reader
from llmops_lab.readers._side_rows import as_number, attribute_rows, item_rows
from llmops_lab.readers._tree import Tree

_KINDS = {"human": "human", "llm": "llm", "code": "code"}
_from_attributes = attribute_rows("attributes.")


def _side_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    found = dict(_from_attributes(tree, spans))
    given = item_rows(tree, spans, "annotations|span_annotations", _annotation)
    return {**found, "scores": [*found["scores"], *given]}


def _annotation(item: Mapping[str, Any], _: int) -> dict[str, Any]:
    result: Mapping[str, Any] = plain_object(item.get("result"))
    score = result.get("score")
    return {
        "name": text_of(item.get("name") or item.get("annotation_name")),
        "value": as_number(score),
        "label": text_of(result.get("label")),
        "data_type": "categorical" if score is None else "numeric",
        "source": _KINDS.get(str(item.get("annotator_kind")).lower(), "unknown"),
        "explanation": text_of(result.get("explanation")),
    }


phoenix_spans = reader(
    "phoenix-spans",
    title="Phoenix span JSON (REST page, UI download)",
    evidence="made with the tool's package",
    source="arize-phoenix 20.26.1",
    signatures=keys("context/trace_id context/span_id span_kind"),
    fields=SPAN,
    side_rows=_side_rows,
    page_sizes=(100, 1000),
)
