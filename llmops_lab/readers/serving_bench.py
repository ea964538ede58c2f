"""Results of `vllm bench serve` and SGLang's bench_serving with details: one array per measure."""

from collections.abc import Mapping
from typing import Any

from llmops_lab.readers._convert import constant, number, whole
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
    context = {"run": {k: v for k, v in result.items() if k not in _ARRAYS}}
    found = [_request(arrays, row, min(starts, default=0.0)) for row in range(n)]
    return Exploded([Record(row, item, context) for row, item in enumerate(found, 1)])


def _request(arrays: Mapping[str, list[Any]], row: int, first_start: float) -> dict[str, Any]:
    """One request; both benchmarks write 0.0 for a first token that never came."""
    item = {name: values[row] for name, values in arrays.items() if row < len(values)}
    gaps, ttft, start = item.pop("gaps", None), item.get("ttft_s"), item.get("start_s")
    if not ttft:
        item["ttft_s"] = None
    elif isinstance(gaps, list) and isinstance(ttft, (int, float)):
        item["latency_s"] = ttft + sum(gap for gap in gaps if isinstance(gap, (int, float)))
    if isinstance(start, (int, float)):
        item["start_s"] = start - first_start
    return item


serving_bench = reader(
    "serving-bench",
    title="vLLM and SGLang serving benchmark (JSON with details)",
    signatures=keys("input_lens ttfts"),
    explode=requests_in,
    required=("input_tokens",),
    fields=(
        Field("start_offset_s", "start_s", number),
        Field("kind", "input_tokens", constant("llm")),
        Field("request_model", "run.model_id|run.model"),
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
