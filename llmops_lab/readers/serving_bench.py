"""Results of `vllm bench serve` and SGLang's bench_serving with details: one array per measure."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from llmops_lab.readers._convert import constant, number, whole
from llmops_lab.readers._json import list_in, plain_object
from llmops_lab.readers._reader import Exploded, Field, keys, reader
from llmops_lab.readers._records import Record, object_of

_ARRAYS = {
    "input_lens": "input_tokens",
    "output_lens": "output_tokens",
    "ttfts": "ttft_s",
    "itls": "gaps",
    "generated_texts": "output",
    "errors": "error",
    "start_times": "start_s",
    "latencies": "latency_s",
    "cached_tokens": "cached_tokens",
}


def requests_in(record: Record) -> Exploded:
    """One record per position of the arrays; latency is first token plus the gaps after it."""
    result = object_of(record)
    arrays = {
        name: result[key] for key, name in _ARRAYS.items() if isinstance(result.get(key), list)
    }
    n = max((len(values) for values in arrays.values()), default=0)
    starts = [s for s in arrays.get("start_s", ()) if isinstance(s, (int, float))]
    run = {k: v for k, v in result.items() if k not in _ARRAYS}
    context = {"run": {**run, "served": _served(result)}}
    found = [_request(arrays, row, min(starts, default=0.0)) for row in range(n)]
    return Exploded(
        [
            Record(row, {**item, "place": f"{record.line}.{row}"}, context)
            for row, item in enumerate(found, 1)
        ]
    )


def _served(result: Mapping[str, Any]) -> Any:
    """The model of a server that SGLang's client asked what it serves, where it is one model."""
    info = plain_object(result.get("server_info"))
    models = list_in(info.get("data"))
    return plain_object(models[0]).get("id") if len(models) == 1 else info.get("model_path")


def _request(arrays: Mapping[str, list[Any]], row: int, first_start: float) -> dict[str, Any]:
    """One request; both benchmarks write 0.0 for a first token, or an answer, that never came."""
    item = {name: values[row] for name, values in arrays.items() if row < len(values)}
    gaps, ttft, start = item.pop("gaps", None), item.get("ttft_s"), item.get("start_s")
    item |= {name: item.get(name) or None for name in ("ttft_s", "latency_s")}
    if isinstance(gaps, list) and ttft and isinstance(ttft, (int, float)):
        item["latency_s"] = ttft + sum(gap for gap in gaps if isinstance(gap, (int, float)))
    if isinstance(start, (int, float)):
        item["start_s"] = start - first_start
    return item


def _named_by_file(spans: pl.DataFrame) -> pl.DataFrame:
    """SGLang appends run after run to one file: the file, the run and the request are the id."""
    file = pl.col("source_file").str.extract(r"([^/\\]+)$")
    return spans.with_columns(span_id=pl.format("{}:{}", file, "span_id"))


serving_bench = reader(
    "serving-bench",
    title="vLLM and SGLang serving benchmark (JSON with details)",
    evidence="made with the tool's package",
    source="vllm 0.33.0, sglang 0.5.23",
    signatures=keys("input_lens ttfts", "input_lens latencies"),
    explode=requests_in,
    required=("input_tokens",),
    finish=_named_by_file,
    fields=(
        Field("span_id", "place"),
        Field("start_offset_s", "start_s", number),
        Field("kind", "input_tokens", constant("llm")),
        Field("request_model", "run.model_id|run.model|run.served"),
        Field("service_name", "run.backend"),
        Field("duration_s", "latency_s", number),
        Field("ttft_s", "ttft_s", number),
        Field("input_tokens", "input_tokens", whole),
        Field("output_tokens", "output_tokens", whole),
        Field("cache_read_tokens", "cached_tokens", whole),
        Field("error_message", "error"),
        Field("status", "error", constant("error")),
        Field("output", "output"),
    ),
)
