"""LangSmith runs: /runs/query pages, JSON lines, and the SDK's own {post, patch} payloads."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from msgspec import Raw

from llmops_lab.readers._convert import (
    Column,
    Values,
    choice,
    gentle,
    number,
    one_by_one,
    whole,
    word,
    words,
)
from llmops_lab.readers._dotted import by_dots, nested
from llmops_lab.readers._json import decode, list_in, object_in, plain_object
from llmops_lab.readers._messages import generations_in
from llmops_lab.readers._moments import moment
from llmops_lab.readers._openai import finish_reasons, logprob_fields
from llmops_lab.readers._python_cells import opened_cells
from llmops_lab.readers._reader import Exploded, Field, Rows, keys, reader
from llmops_lab.readers._records import Record
from llmops_lab.readers._side_rows import as_number
from llmops_lab.readers._tree import Tree

_KINDS = {
    "llm": "llm", "chain": "chain", "tool": "tool", "retriever": "retriever",
    "embedding": "embedding", "prompt": "prompt", "parser": "chain",
}  # fmt: skip
_STATUS = {"success": "ok", "error": "error", "pending": "unset", "interrupted": "unset"}
_META = "extra.metadata."
_OPENED = (b'"post"', b'"patch"', b'"child_runs"')
_TOKENS = "outputs.llm_output.token_usage."


def runs_in(record: Record) -> Exploded:
    """The runs of a record: itself with the runs below it, or those of an SDK payload.

    Of a payload every patch is laid over its post.
    """
    data: Any = record.data
    if isinstance(data, (bytes, Raw)):
        text = bytes(data)
        if not any(key in text for key in _OPENED):
            return Exploded([record])
        data = decode(data)
    if not isinstance(data, Mapping):
        return Exploded([record])
    if not ("post" in data or "patch" in data):
        below = list_in(data.get("child_runs"))
        return Exploded([Record(record.line, run) for run in _tree(data)] if below else [record])
    runs: dict[str, dict[str, Any]] = {}
    for run in [*list_in(data.get("post")), *list_in(data.get("patch"))]:
        if isinstance(run, Mapping):
            key = str(run.get("id") or run.get("dotted_order"))
            known = runs.get(key) or _same_order(runs, run)
            runs[key if known is None else str(known.get("id"))] = _laid_over(known or {}, run)
    return Exploded([Record(record.line, run) for run in runs.values()])


def _tree(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The run and those below it, as `Client.read_run(id, load_child_runs=True)` nests them."""
    yield {key: value for key, value in run.items() if key != "child_runs"}
    for child in list_in(run.get("child_runs")):
        if isinstance(child, Mapping):
            known = {"parent_run_id": run.get("id"), "trace_id": run.get("trace_id")}
            yield from _tree(_laid_over(known, child))


def _same_order(
    runs: Mapping[str, dict[str, Any]], run: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The JS SDK's patches carry no id, only the run's place in its trace."""
    order = run.get("dotted_order")
    return next((r for r in runs.values() if order and r.get("dotted_order") == order), None)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    return {**below, **{k: v for k, v in above.items() if v not in (None, {}, [], "")}}


def _root_trace(values: Values) -> Column:
    """The dotted order starts with the trace's own id."""
    return one_by_one(values, pl.String(), _first_id)


def _first_id(order: Any) -> str | None:
    first = str(order).split(".", 1)[0]
    _, found, trace_id = first.partition("Z")
    return trace_id if found and len(trace_id) == 36 else None


def _guardrails(values: Values) -> Column:
    """LangSmith has no kind for guardrails: people name the run so."""
    named = word(values).series.str.contains(r"(?i)guard[-_ ]?rail")
    found = named.to_frame("x").select(x=pl.when("x").then(pl.lit("guardrail")))
    return Column(found["x"])


def _reasons(values: Values) -> Column:
    """Why the generations of a LangChain LLMResult stopped."""

    def reasons(generations: Any) -> list[str] | None:
        every = generations_in({"generations": generations})
        told = (each.get("generation_info") for each in every)
        found = [plain_object(info).get("finish_reason") for info in told]
        return [reason for reason in found if isinstance(reason, str)] or None

    return one_by_one(values, pl.List(pl.String), reasons)


def _side_rows(tree: Tree, spans: pl.DataFrame) -> dict[str, Rows]:
    """Feedback statistics, one row per name; retrieved documents come from the runs' kinds."""
    ids = spans.select("trace_id", "span_id").iter_rows()
    stats = tree.listed("feedback_stats")
    return {
        "scores": [
            {"trace_id": trace_id, "span_id": span_id, "name": name, **_score(of_name)}
            for (trace_id, span_id), value in zip(ids, stats, strict=False)
            for name, of_name in (object_in(value) or {}).items()
            if isinstance(of_name, Mapping)
        ]
    }


def _score(stats: Mapping[str, Any]) -> dict[str, Any]:
    """Feedback statistics keep the mean; who gave it is not in the export."""
    values = stats.get("values")
    label = next(iter(values), None) if isinstance(values, Mapping) and values else None
    mean = as_number(stats.get("avg"))
    return {
        "value": mean,
        "label": label,
        "data_type": "categorical" if mean is None else "numeric",
        "source": "human",
    }


def _whole_cells(table: pl.DataFrame) -> pl.DataFrame:
    return nested(opened_cells(table), {"inputs": by_dots, "outputs": by_dots})


langsmith = reader(
    "langsmith",
    title="LangSmith runs (query page, JSON lines, SDK payload)",
    evidence="real file",
    signatures=keys("run_type start_time id", "post", "patch"),
    explode=runs_in,
    mend=_whole_cells,
    fields=(
        Field("trace_id", "trace_id"),
        Field("trace_id", "dotted_order", _root_trace),
        Field("span_id", "id"),
        Field("parent_span_id", "parent_run_id"),
        Field("name", "name"),
        Field("kind", "name", _guardrails),
        Field("kind", "run_type", choice(_KINDS)),
        Field("operation", "run_type"),
        Field("start_ns", "start_time", moment("ms")),
        Field("end_ns", "end_time", moment("ms")),
        Field("first_token_ns", "first_token_time", gentle(moment("ms"))),
        Field("status", "status", choice(_STATUS)),
        Field("error_message", "error"),
        Field("provider", f"{_META}ls_provider"),
        Field("request_model", f"{_META}ls_model_name|extra.invocation_params.model|extra.invocation_params.model_name|inputs.model"),
        Field("response_model", "outputs.model|outputs.llm_output.model_name"),
        Field("response_id", "outputs.id"),
        Field("service_tier", "outputs.service_tier"),
        Field("temperature", f"{_META}ls_temperature|extra.invocation_params.temperature", gentle(number)),
        Field("max_tokens", f"{_META}ls_max_tokens|extra.invocation_params.max_tokens", gentle(whole)),
        Field("finish_reasons", "outputs.choices", finish_reasons),
        Field("finish_reasons", "outputs.generations", _reasons),
        *logprob_fields("outputs.choices"),
        Field("input_tokens", "outputs.usage_metadata.input_tokens|prompt_tokens", whole),
        Field("output_tokens", "outputs.usage_metadata.output_tokens|completion_tokens", whole),
        Field("input_tokens", f"{_TOKENS}prompt_tokens", whole),
        Field("output_tokens", f"{_TOKENS}completion_tokens", whole),
        Field("total_tokens_reported", "total_tokens|outputs.usage_metadata.total_tokens", whole),
        Field("cache_read_tokens", "prompt_token_details.cache_read|outputs.usage_metadata.input_token_details.cache_read", whole),
        Field("cache_write_tokens", "prompt_token_details.cache_creation|outputs.usage_metadata.input_token_details.cache_creation", whole),
        Field("input_audio_tokens", "prompt_token_details.audio|outputs.usage_metadata.input_token_details.audio", whole),
        Field("reasoning_tokens", "completion_token_details.reasoning|outputs.usage_metadata.output_token_details.reasoning", whole),
        Field("output_audio_tokens", "completion_token_details.audio|outputs.usage_metadata.output_token_details.audio", whole),
        Field("cost_reported_usd", "total_cost", number),
        Field("cost_input_reported_usd", "prompt_cost", number),
        Field("cost_output_reported_usd", "completion_cost", number),
        Field("conversation_id", f"{_META}session_id|{_META}thread_id|{_META}conversation_id|thread_id"),
        Field("user_id", f"{_META}user_id"),
        Field("environment", f"{_META}environment|{_META}env"),
        Field("release", f"{_META}revision_id"),
        Field("prompt_name", f"{_META}lc_hub_repo|{_META}prompt_name"),
        Field("prompt_version", f"{_META}lc_hub_commit_hash|{_META}prompt_version"),
        Field("tags", "tags", words),
        Field("service_name", "session_name"),
        Field("is_streaming", "inputs.stream", gentle(lambda v: one_by_one(v, pl.Boolean(), bool))),
        Field("input", "inputs"),
        Field("output", "outputs"),
    ),
    side_rows=_side_rows,
    page_sizes=(100,),
)  # fmt: skip
