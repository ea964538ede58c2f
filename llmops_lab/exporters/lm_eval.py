"""lm-eval samples: `samples_<task>_<time>.jsonl`, one document a line."""

from collections.abc import Iterator
from typing import Any

import msgspec

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer
from llmops_lab.exporters._run_format import (
    Imported,
    RunFormat,
    imported_score,
    run_formats,
)

Record = dict[str, Any]
_ASKED = ("question", "query", "input", "prompt", "text", "problem", "goal")
_NO_METRICS = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
    "doc_hash", "prompt_hash", "target_hash",
}  # fmt: skip


def _read(data: bytes) -> Iterator[Imported]:
    for line in data.splitlines():
        if line.strip():
            yield from _imported(msgspec.json.decode(line, type=Record))


def _imported(record: Record) -> Iterator[Imported]:
    names = record.get("metrics") or [name for name in record if name not in _NO_METRICS]
    scores = tuple(imported_score(name, record[name]) for name in names if name in record)
    case = Case(_asked(record), _target(record), id=str(record["doc_id"]))
    for output in _outputs(record):
        yield Imported(
            target=record.get("filter") or "lm-eval samples",
            case=case,
            answer=Answer(output),
            scores=scores,
        )


def _asked(record: Record) -> Any:
    """The question, where the document names one; else the prompt as it was sent."""
    doc = record["doc"]
    if not isinstance(doc, dict):
        return doc
    named = [doc[name] for name in _ASKED if isinstance(doc.get(name), str)]
    if named:
        return named[0]
    sent = record.get("arguments")
    first = sent.get("gen_args_0") if isinstance(sent, dict) else None
    return first["arg_0"] if first else doc


def _target(record: Record) -> Any:
    target = record.get("target")
    return None if target in ("", None) else target


def _outputs(record: Record) -> list[Any]:
    """The answer that was scored, after the task's filter; log-likelihoods stand as one."""
    filtered = record.get("filtered_resps") or []
    texts = [each[0] if isinstance(each, list) and each else each for each in filtered]
    if texts and all(isinstance(text, str) for text in texts):
        return texts[:1]
    return [filtered]


run_formats.register("lm-eval")(
    RunFormat(
        _read,
        suffixes=(".jsonl",),
        marks=(b'"doc_id"', b'"filtered_resps"'),
        leaves="the prompt as it was sent (where the document names a question), raw replies",
    )
)
