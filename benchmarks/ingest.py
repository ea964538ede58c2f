"""How fast and how large reading an export is, beside pandas json_normalize and an orjson loop.

    python benchmarks/ingest.py [spans]     (20,000 by default)

Every way runs in a process of its own, so that its peak memory is its own; ways are interleaved,
and the median of three runs is shown. The peers do less: json_normalize flattens every key and
knows no units, roles or prices; the loop fills nine columns. All must find the same tokens.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

RUNS = 3
WORDS = Path(__file__).read_text().split()
Record = dict[str, Any]


def text(chance: random.Random, size: int) -> str:
    return " ".join(chance.choices(WORDS, k=size))


def spans(n: int) -> Iterator[Record]:
    """What the three shapes tell: nine spans of ten are calls with text."""
    chance = random.Random(0)
    for i in range(n):
        start = 1_767_225_600_000_000_000 + i * 1_000_003
        yield {
            "trace": f"{i // 5 + 1:032x}",
            "span": f"{i + 1:016x}",
            "parent": None if i % 5 == 0 else f"{i - i % 5 + 1:016x}",
            "start": start,
            "end": start + chance.randrange(10**8, 10**10),
            "input": 50 + chance.randrange(2000),
            "output": chance.randrange(1, 400),
            "question": text(chance, 150),
            "answer": text(chance, 90),
            "model": chance.choice(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5"]),
        }


def iso(nanoseconds: int) -> str:
    whole, rest = divmod(nanoseconds, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest // 10**6:03d}Z"


def langfuse(s: Record) -> Record:
    return {
        "id": s["span"],
        "traceId": s["trace"],
        "parentObservationId": s["parent"],
        "type": "GENERATION",
        "name": "answer",
        "startTime": iso(s["start"]),
        "endTime": iso(s["end"]),
        "level": "DEFAULT",
        "statusMessage": None,
        "model": s["model"],
        "usageDetails": {"input": s["input"], "output": s["output"]},
        "costDetails": {"total": 0.001},
        "input": [{"role": "user", "content": s["question"]}],
        "output": {"role": "assistant", "content": s["answer"]},
        "metadata": {"attributes": {"user.id": f"u{s['input'] % 97}"}, "plan": "plus"},
        "tags": ["web"],
    }


def openinference(s: Record) -> Record:
    return {
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": s["parent"],
        "start_time": iso(s["start"]),
        "end_time": iso(s["end"]),
        "status_code": "OK",
        "status_message": "",
        "context.span_id": s["span"],
        "context.trace_id": s["trace"],
        "attributes.llm.model_name": s["model"],
        "attributes.llm.token_count.prompt": s["input"],
        "attributes.llm.token_count.completion": s["output"],
        "attributes.llm.input_messages": [
            {"message.role": "user", "message.content": s["question"]}
        ],
        "attributes.output.value": s["answer"],
        "attributes.user.id": f"u{s['input'] % 97}",
    }


def otlp(s: Record) -> Record:
    values = {
        "gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.provider.name": {"stringValue": "openai"},
        "gen_ai.request.model": {"stringValue": s["model"]},
        "gen_ai.usage.input_tokens": {"intValue": str(s["input"])},
        "gen_ai.usage.output_tokens": {"intValue": str(s["output"])},
        "input.value": {"stringValue": s["question"]},
        "output.value": {"stringValue": s["answer"]},
        "user.id": {"stringValue": f"u{s['input'] % 97}"},
    }
    span = {
        "traceId": s["trace"],
        "spanId": s["span"],
        "parentSpanId": s["parent"] or "",
        "name": "chat",
        "kind": 3,
        "startTimeUnixNano": str(s["start"]),
        "endTimeUnixNano": str(s["end"]),
        "attributes": [{"key": key, "value": value} for key, value in values.items()],
        "status": {"code": 1},
    }
    resource_spans = [{"resource": {}, "scopeSpans": [{"scope": {"name": "b"}, "spans": [span]}]}]
    return {"resourceSpans": resource_spans}


SHAPES: dict[str, Callable[[Record], Record]] = {
    "langfuse": langfuse,
    "openinference": openinference,
    "otlp": otlp,
}


def ours(path: Path, _: str) -> int:
    from llmops_lab.ingest import read_traces

    return int(read_traces(path).spans["input_tokens"].sum())


def normalized(path: Path, shape: str) -> int:
    import pandas as pd

    records = [json.loads(line) for line in path.open()]
    if shape == "otlp":
        frame = pd.json_normalize(records, ["resourceSpans", "scopeSpans", "spans"])
        values = [{a["key"]: a["value"] for a in each} for each in frame["attributes"]]
        frame = frame.join(pd.json_normalize(values))
        return int(frame["gen_ai.usage.input_tokens.intValue"].astype(int).sum())
    frame = pd.json_normalize(records)
    return int(
        frame[
            "usageDetails.input" if shape == "langfuse" else "attributes.llm.token_count.prompt"
        ].sum()
    )


def looped(path: Path, shape: str) -> int:
    import orjson
    import polars as pl

    take = {"langfuse": take_langfuse, "openinference": take_openinference, "otlp": take_otlp}
    with path.open("rb") as file:
        rows = [take[shape](orjson.loads(line)) for line in file]
    return int(pl.DataFrame(rows, orient="row")["column_5"].sum())


def take_langfuse(r: Record) -> tuple[Any, ...]:
    keys = ("id", "traceId", "parentObservationId", "startTime", "endTime")
    usage = r["usageDetails"]
    texts = r["input"][0]["content"], r["output"]["content"]
    return (*(r[key] for key in keys), usage["input"], usage["output"], *texts)


def take_openinference(r: Record) -> tuple[Any, ...]:
    keys = ("context.span_id", "context.trace_id", "parent_id", "start_time", "end_time")
    count = "attributes.llm.token_count."
    texts = r["attributes.llm.input_messages"][0]["message.content"], r["attributes.output.value"]
    return (*(r[key] for key in keys), r[f"{count}prompt"], r[f"{count}completion"], *texts)


def take_otlp(r: Record) -> tuple[Any, ...]:
    span = r["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    values = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
    keys = ("spanId", "traceId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano")
    tokens = (int(values[f"gen_ai.usage.{side}_tokens"]) for side in ("input", "output"))
    return (*(span[key] for key in keys), *tokens, values["input.value"], values["output.value"])


WAYS: dict[str, Callable[[Path, str], int]] = {
    "llmops_lab": ours,
    "orjson loop": looped,
    "json_normalize": normalized,
}


def measure(way: str, path: str, shape: str) -> None:
    """In its own process: tokens found, CPU seconds beyond the imports, peak megabytes."""
    import pandas as pd  # noqa: F401

    import llmops_lab.ingest  # noqa: F401

    before = time.process_time()
    found = WAYS[way](Path(path), shape)
    spent = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([found, spent, peak]))


def run(way: str, path: Path, shape: str) -> tuple[int, float, float]:
    command = [sys.executable, __file__, "--measure", way, str(path), shape]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found, spent, peak = json.loads(done.stdout)
    return found, spent, peak


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for shape, write in SHAPES.items():
            path = Path(folder) / f"{shape}.jsonl"
            wanted = 0
            with path.open("w") as file:
                for span in spans(n):
                    file.write(json.dumps(write(span)) + "\n")
                    wanted += span["input"]
            size = path.stat().st_size / 1e6
            print(f"\n{shape}: {n:,} spans, {size:,.0f} MB")
            print(f"{'':16}{'CPU s':>8}{'MB per CPU s':>14}{'peak MB':>10}")
            runs = [{way: run(way, path, shape) for way in WAYS} for _ in range(RUNS)]
            for way in WAYS:
                if any(each[way][0] != wanted for each in runs):
                    sys.exit(f"{way} found other tokens")
                spent = median(each[way][1] for each in runs)
                peak = median(each[way][2] for each in runs)
                print(f"{way:16}{spent:8.2f}{size / spent:14.0f}{peak:10.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:5])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
