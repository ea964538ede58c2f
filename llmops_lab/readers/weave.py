"""W&B Weave calls: one JSON line per call, or a row of CSV with its keys joined by dots."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import (
    Column,
    Convert,
    Values,
    choice,
    constant,
    number_of,
    one_by_one,
    text_of,
)
from llmops_lab.readers._dotted import by_dots, by_model, nested
from llmops_lab.readers._json import object_in, plain_object
from llmops_lab.readers._moments import moment
from llmops_lab.readers._provider_usage import provider_usage
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Field, Rows, keys, reader
from llmops_lab.readers._side_rows import as_number, item_rows
from llmops_lab.readers._tree import Tree

_STATUS = {"success": "ok", "error": "error", "descendant_error": "ok", "running": "unset"}
# The ops of Weave's own integrations that are calls of a model.
_CALLS = (
    r"(?i)(chat\.completions|responses|messages|completions)\.(create|parse|stream)|"
    r"generate_content|chat_model|litellm\.(a?completion)|invoke_model|converse"
)


def _names(values: Values) -> Column:
    """`weave:///entity/project/op/NAME:hash` is called NAME."""

    def name(ref: Any) -> str | None:
        return str(ref).rsplit("/", 1)[-1].split(":", 1)[0] or None

    return one_by_one(values, pl.String(), name)


def _kinds(values: Values) -> Column:
    name = _names(values).series.alias("x").to_frame()
    embeds = pl.col("x").str.contains(r"(?i)embed")
    found = pl.when(embeds).then(pl.lit("embedding")).when(pl.col("x").str.contains(_CALLS))
    return Column(name.select(x=found.then(pl.lit("llm")))["x"])


def _counted(column: str) -> Convert:
    """Tokens over all models of a call; Weave keeps each provider's own usage object."""

    def total(usage: Any) -> int | None:
        of_models = (object_in(of_model) for of_model in plain_object(usage).values())
        counts = [provider_usage(found).get(column) for found in of_models if found]
        there = [count for count in counts if count is not None]
        return sum(there) if there else None

    return lambda values: one_by_one(values, pl.Int64(), total)


def _first_model(values: Values) -> Column:
    def model(usage: Any) -> str | None:
        return next(iter(object_in(usage) or {}), None)

    return one_by_one(values, pl.String(), model)


def _dollars(*names: str) -> Convert:
    """Dollars over all models; the names are those of the parts to add."""

    def total(costs: Any) -> float | None:
        parts = [
            number_of(of_model[name])
            for of_model in (object_in(costs) or {}).values()
            if isinstance(of_model, Mapping)
            for name in names
            if of_model.get(name) is not None
        ]
        return sum(part or 0.0 for part in parts) if parts else None

    return lambda values: one_by_one(values, pl.Float64(), total)


def _side_rows(tree: Tree, spans: pl.DataFrame) -> Mapping[str, Rows]:
    return {"scores": item_rows(tree, spans, "summary.weave.feedback", _score)}


def _score(item: Mapping[str, Any], _: int) -> dict[str, Any] | None:
    kind = str(item.get("feedback_type"))
    payload: Mapping[str, Any] = plain_object(item.get("payload"))
    make = next((m for prefix, m in _FEEDBACK.items() if kind.startswith(prefix)), None)
    return make(kind, payload) if make else None


def _reaction(_: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    label = payload.get("emoji")
    return {"name": "reaction", "label": label, "data_type": "categorical", "source": "human"}


def _note(_: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    note = text_of(payload.get("note"))
    return {"name": "note", "explanation": note, "data_type": "text", "source": "human"}


def _scorer(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    output = payload.get("output")
    value = output.get("passed", output.get("score")) if isinstance(output, Mapping) else output
    is_number = isinstance(value, (int, float))
    return {
        "name": kind.removeprefix("wandb.runnable."),
        "value": as_number(float(value)) if is_number else None,
        "label": None if is_number else text_of(value),
        "data_type": "boolean" if isinstance(value, bool) else "numeric" if is_number else "text",
        "source": "code",
    }


_FEEDBACK: dict[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
    "wandb.reaction": _reaction,
    "wandb.note": _note,
    "wandb.runnable": _scorer,
}
_COSTS = "summary.weave.costs"
_DOTTED = {
    "summary.usage": by_model, _COSTS: by_model, "inputs": by_dots, "output": by_dots,
    "exception": by_dots,
}  # fmt: skip


def _whole_cells(table: pl.DataFrame) -> pl.DataFrame:
    return nested(opened_cells(table), _DOTTED)


weave = reader(
    "weave",
    title="W&B Weave calls (JSON lines, CSV)",
    evidence="made with the tool's package",
    source="weave 0.54.0",
    signatures=keys("op_name started_at trace_id"),
    mend=_whole_cells,
    is_silent_of_success=True,
    fields=(
        Field("trace_id", "trace_id"),
        Field("span_id", "id"),
        Field("parent_span_id", "parent_id"),
        Field("name", "display_name"),
        Field("name", "op_name", _names),
        Field("kind", "op_name", _kinds),
        Field("kind", "output.usage", constant("llm")),
        Field("operation", "op_name", _names),
        Field("start_ns", "started_at", moment()),
        Field("end_ns", "ended_at", moment()),
        Field("status", "summary.weave.status", choice(_STATUS)),
        Field("status", "exception", constant("error")),
        Field("error_type", "exception.type"),
        Field("error_message", "exception.message|exception"),
        Field("request_model", "inputs.model"),
        Field("response_model", "output.model"),
        Field("request_model", "summary.usage", _first_model),
        Field("response_id", "output.id"),
        Field("input_tokens", "summary.usage", _counted("input_tokens")),
        Field("output_tokens", "summary.usage", _counted("output_tokens")),
        Field("cache_read_tokens", "summary.usage", _counted("cache_read_tokens")),
        Field("cache_write_tokens", "summary.usage", _counted("cache_write_tokens")),
        Field("reasoning_tokens", "summary.usage", _counted("reasoning_tokens")),
        Field("total_tokens_reported", "summary.usage", _counted("total_tokens_reported")),
        Field("cost_input_reported_usd", _COSTS, _dollars("prompt_tokens_total_cost", "prompt_tokens_cost")),
        Field("cost_output_reported_usd", _COSTS, _dollars("completion_tokens_total_cost", "completion_tokens_cost")),
        Field("cost_reported_usd", _COSTS, _dollars("prompt_tokens_total_cost", "prompt_tokens_cost", "completion_tokens_total_cost", "completion_tokens_cost")),
        Field("conversation_id", "thread_id|attributes.session_id|attributes.thread_id"),
        Field("user_id", "attributes.user_id|attributes.user"),
        Field("environment", "attributes.environment|attributes.env"),
        Field("input", "inputs"),
        Field("output", "output"),
    ),
    side_rows=_side_rows,
)  # fmt: skip
