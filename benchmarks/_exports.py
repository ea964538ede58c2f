"""Exports of any size, seeded: one story told as Langfuse, OpenInference and OTLP write it.

Keys are those of real exports. Every span carries a question of 150 words and an answer of 90, with
the quotes and line ends that make escaping cost something.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]
WORDS = Path(__file__).read_text().split()
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")
PER_TRACE = 5


def text(chance: random.Random, size: int) -> str:
    return " ".join(chance.choices(WORDS, k=size)) + "\n"


def spans(n: int) -> Iterator[Record]:
    """What the three shapes tell."""
    chance = random.Random(0)
    for i in range(n):
        start = 1_767_225_600_000_000_000 + i * 1_000_003
        yield {
            "trace": f"{i // PER_TRACE + 1:032x}",
            "span": f"{i + 1:016x}",
            "parent": None if i % PER_TRACE == 0 else f"{i - i % PER_TRACE + 1:016x}",
            "start": start,
            "end": start + chance.randrange(10**8, 10**10),
            "input": 50 + chance.randrange(2000),
            "output": chance.randrange(1, 400),
            "question": text(chance, 150),
            "answer": text(chance, 90),
            "model": chance.choice(MODELS),
            "user": f"u{chance.randrange(997)}",
        }


def iso(nanoseconds: int) -> str:
    whole, rest = divmod(nanoseconds, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest // 10**6:03d}Z"


def langfuse(s: Record) -> Record:
    """A row of the export of observations."""
    total = s["input"] + s["output"]
    return {
        "id": s["span"],
        "traceId": s["trace"],
        "startTime": iso(s["start"]),
        "endTime": iso(s["end"]),
        "projectId": "cloramnkj0002jz088vzn1ja4",
        "parentObservationId": s["parent"],
        "type": "GENERATION",
        "environment": "production",
        "name": "answer",
        "level": "DEFAULT",
        "statusMessage": None,
        "version": None,
        "createdAt": iso(s["end"]),
        "updatedAt": iso(s["end"]),
        "input": [{"role": "user", "content": s["question"]}],
        "output": {"role": "assistant", "content": s["answer"]},
        "model": s["model"],
        "internalModelId": "b9854a5c92dc496b997d99d20",
        "modelParameters": {"temperature": 0.2, "max_tokens": 512},
        "completionStartTime": None,
        "promptId": None,
        "promptName": "answer",
        "promptVersion": 7,
        "latency": (s["end"] - s["start"]) / 1e9,
        "timeToFirstToken": None,
        "usageDetails": {"input": s["input"], "output": s["output"], "total": total},
        "costDetails": {"input": 0.0002, "output": 0.0008, "total": 0.001},
        "inputCost": 0.0002,
        "outputCost": 0.0008,
        "totalCost": 0.001,
        "inputUsage": s["input"],
        "outputUsage": s["output"],
        "totalUsage": total,
        "metadata": {
            "attributes": {"user.id": s["user"], "session.id": f"s{s['trace'][-6:]}"},
            "resourceAttributes": {"service.name": "shop", "telemetry.sdk.language": "python"},
            "scope": {"name": "langfuse-sdk", "version": "3.0.0"},
            "plan": "plus",
        },
        "tags": ["web"],
    }


def openinference(s: Record) -> Record:
    """A row of Phoenix's spans DataFrame."""
    return {
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": s["parent"],
        "start_time": iso(s["start"]),
        "end_time": iso(s["end"]),
        "status_code": "OK",
        "status_message": "",
        "events": [],
        "context.span_id": s["span"],
        "context.trace_id": s["trace"],
        "attributes.openinference.span.kind": "LLM",
        "attributes.llm.provider": "openai",
        "attributes.llm.model_name": s["model"],
        "attributes.llm.invocation_parameters": '{"temperature": 0.2, "max_tokens": 512}',
        "attributes.llm.token_count.prompt": s["input"],
        "attributes.llm.token_count.completion": s["output"],
        "attributes.llm.token_count.total": s["input"] + s["output"],
        "attributes.llm.input_messages": [
            {"message.role": "user", "message.content": s["question"]}
        ],
        "attributes.output.value": s["answer"],
        "attributes.output.mime_type": "text/plain",
        "attributes.session.id": f"s{s['trace'][-6:]}",
        "attributes.user.id": s["user"],
    }


def otlp_span(s: Record) -> Record:
    values: dict[str, Any] = {
        "gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.provider.name": {"stringValue": "openai"},
        "gen_ai.request.model": {"stringValue": s["model"]},
        "gen_ai.response.model": {"stringValue": s["model"]},
        "gen_ai.request.temperature": {"doubleValue": 0.2},
        "gen_ai.request.max_tokens": {"intValue": "512"},
        "gen_ai.usage.input_tokens": {"intValue": str(s["input"])},
        "gen_ai.usage.output_tokens": {"intValue": str(s["output"])},
        "gen_ai.conversation.id": {"stringValue": f"s{s['trace'][-6:]}"},
        "input.value": {"stringValue": s["question"]},
        "output.value": {"stringValue": s["answer"]},
        "user.id": {"stringValue": s["user"]},
    }
    return {
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


def otlp(members: list[Record]) -> Record:
    """A request of the collector's file exporter, with the spans of one trace."""
    resource = {"service.name": "shop", "telemetry.sdk.language": "python"}
    attributes = [{"key": k, "value": {"stringValue": v}} for k, v in resource.items()]
    scope = {"scope": {"name": "shop.llm"}, "spans": [otlp_span(s) for s in members]}
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [scope]}]}


def requests(n: int) -> Iterator[Record]:
    members: list[Record] = []
    for span in spans(n):
        members.append(span)
        if len(members) == PER_TRACE:
            yield otlp(members)
            members = []
    if members:
        yield otlp(members)


SHAPES: dict[str, Callable[[int], Iterator[Record]]] = {
    "langfuse": lambda n: map(langfuse, spans(n)),
    "openinference": lambda n: map(openinference, spans(n)),
    "otlp": requests,
}


def write(path: Path, shape: str, n: int) -> None:
    """An export of n spans as JSON lines."""
    with path.open("w") as file:
        for record in SHAPES[shape](n):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_large(path: Path, size: float) -> int:
    """A Langfuse export of some `size` bytes, every id its own; returns its spans."""
    n = max(100, min(20_000, int(size / 4_000)))
    lines = (
        "\n".join(json.dumps(langfuse(s), ensure_ascii=False) for s in spans(n)).encode() + b"\n"
    )
    with path.open("wb") as file:
        copies = 0
        while file.tell() < size:
            mark = b"%04x" % copies
            copy = lines
            for key in (b'"id": "', b'"traceId": "', b'"parentObservationId": "'):
                copy = copy.replace(key, key + mark)
            file.write(copy)
            copies += 1
    return n * copies
