"""OpenAI Evals: output items of a run, each a sample with its grades."""

from collections.abc import Mapping
from typing import Any

from llmops_lab.readers._convert import constant, text_of, words
from llmops_lab.readers._json import list_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._openai import usage_fields
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record, object_of
from llmops_lab.readers._side_rows import as_number


def item_in(record: Record) -> Exploded:
    """The item itself, and its results as scores."""
    item = object_of(record)
    keys_of_item = {"trace_id": item.get("id"), "span_id": item.get("id")}
    grades = [grade for grade in list_in(item.get("results")) if isinstance(grade, Mapping)]
    scores: Rows = [{**keys_of_item, **_score(grade)} for grade in grades]
    return Exploded([record], {"scores": scores})


def _score(grade: Mapping[str, Any]) -> dict[str, Any]:
    value = as_number(grade.get("score"))
    passed = grade.get("passed")
    return {
        "name": text_of(grade.get("name")),
        "value": value
        if value is not None
        else as_number(int(passed) if passed is not None else None),
        "label": None if passed is None else "pass" if passed else "fail",
        "data_type": "numeric" if value is not None else "boolean",
        "source": "code",
    }


openai_evals = reader(
    "openai-evals",
    title="OpenAI eval output items",
    evidence="real file",
    signatures=keys("run_id eval_id datasource_item results"),
    explode=item_in,
    fields=(
        Field("span_id", "id"),
        Field("name", "object"),
        Field("kind", "object", constant("llm")),
        Field("start_ns", "created_at", moment("s")),
        Field("provider", "object", constant("openai")),
        Field("response_model", "sample.model"),
        *usage_fields("sample."),
        Field("finish_reasons", "sample.finish_reason", words),
        Field("status", "sample.error", constant("error")),
        Field("error_message", "sample.error.message"),
        Field("conversation_id", "run_id"),
        Field("input", "sample.input"),
        Field("output", "sample.output"),
    ),
)
