"""Vectors that came with the traces."""

import json

import numpy as np
import polars as pl
import pytest

from llmops_lab.embeddings import embed, embed_alike
from llmops_lab.errors import LabError
from llmops_lab.ingest import read_traces
from llmops_lab.traces import Traces

TEXTS = ["where is my parcel", "send it back please", "is it in blue"]


def traces_with(vectors, models=None, texts=None):
    """Three traces, those with a vector having an embedding of their text."""
    spans = pl.DataFrame(
        {"trace_id": list("abc"), "span_id": list("abc"), "input_text": TEXTS},
    )
    rows = [
        {"trace_id": "abc"[i], "span_id": "abc"[i], "text": text, "vector": vector, "model": model}
        for i, (vector, model, text) in enumerate(
            zip(vectors, models or ["m-1"] * 3, texts or TEXTS, strict=True)
        )
        if vector is not None
    ]
    table = pl.DataFrame(rows, schema_overrides={"text": pl.String, "model": pl.String})
    return Traces.from_frame(spans, side_tables={"embeddings": table})


def test_vectors_that_came_with_every_text_win_and_have_length_one():
    found = embed(traces_with([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]]))
    assert found.embedder == "trace:m-1"
    assert found.matrix == pytest.approx(np.array([[0.6, 0.8], [0, 1], [1, 0]]))


def test_texts_without_a_vector_are_set_aside_on_request_and_embedded_otherwise():
    some = traces_with([[3.0, 4.0], None, [1.0, 0.0]])
    kept = embed(some, embedder="trace")
    assert kept.frame["text"].to_list() == [TEXTS[0], TEXTS[2]]
    assert kept.n_set_aside == 1
    anew = embed(some)
    assert anew.embedder == "wordllama"
    assert "2 of 3 texts came with a vector" in str(anew)


def test_vectors_of_other_texts_of_the_trace_are_not_its_own():
    found = embed(traces_with([[1.0, 0.0]] * 3, texts=["a document", *TEXTS[1:]]), embedder="trace")
    assert found.frame["text"].to_list() == TEXTS[1:]


def test_the_only_vector_of_a_trace_is_its_own_when_texts_were_left_out():
    assert embed(traces_with([[1.0, 0.0]] * 3, texts=[None] * 3)).embedder == "trace:m-1"


@pytest.mark.parametrize("embedder", [None, "trace"])
@pytest.mark.parametrize(
    ("vectors", "models"),
    [([[1.0, 0.0]] * 3, ["m-1", "m-2", "m-1"]), ([[1.0], [1.0, 0.0], [1.0]], ["m-1"] * 3)],
)
def test_vectors_of_two_models_or_lengths_are_refused(embedder, vectors, models):
    with pytest.raises(LabError, match=r"cannot be compared: 2 by m-1.*1 by m-.*wordllama"):
        embed(traces_with(vectors, models), embedder=embedder)


def test_insisting_on_vectors_where_there_are_none_names_the_way_out():
    with pytest.raises(LabError, match="embedder='wordllama'"):
        embed(traces_with([None] * 3), embedder="trace")


def test_windows_are_embedded_alike_when_only_one_came_with_vectors():
    full, empty = traces_with([[1.0, 0.0]] * 3), traces_with([None] * 3)
    assert {w.embedder for w in embed_alike(full, full)} == {"trace:m-1"}
    assert {w.embedder for w in embed_alike(full, empty)} == {"wordllama"}


def test_an_openinference_export_brings_the_vectors_of_its_queries(tmp_path):
    attributes = {
        "openinference.span.kind": "EMBEDDING",
        "embedding.model_name": "text-embedding-3-small",
        "embedding.embeddings.0.embedding.text": TEXTS[0],
    }
    keys = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    vector = {"arrayValue": {"values": [{"doubleValue": 0.6}, {"doubleValue": 0.8}]}}
    keys.append({"key": "embedding.embeddings.0.embedding.vector", "value": vector})
    asked = [{"key": "input.value", "value": {"stringValue": TEXTS[0]}}]
    ids = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "startTimeUnixNano": "1772000000000000000",
    }
    spans = [
        {**ids, "spanId": "eee19b7ec3c1b174", "name": "ask", "attributes": asked},
        {
            **ids,
            "spanId": "eee19b7ec3c1b175",
            "parentSpanId": "eee19b7ec3c1b174",
            "name": "embed",
            "attributes": keys,
        },
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}))
    found = embed(read_traces(path))
    assert found.embedder == "trace:text-embedding-3-small"
    assert found.matrix == pytest.approx(np.array([[0.6, 0.8]]))
