"""Side rows that a span's kind tells: what a retriever found, what a guardrail decided."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from llmops_lab.readers._convert import text_of
from llmops_lab.readers._json import list_in, value_in
from llmops_lab.readers._reader import Rows
from llmops_lab.readers._side_rows import as_number, document_maker
from llmops_lab.readers._texts import without_plain

_VERDICTS = {
    **dict.fromkeys(("allow", "allowed", "pass", "passed", "ok", "safe", "none", "success"), "allow"),
    **dict.fromkeys(
        ("deny", "denied", "block", "blocked", "reject", "rejected", "fail", "unsafe", "intervened",
         "guardrail_intervened", "triggered"),
        "deny",
    ),
    **dict.fromkeys(("modify", "modified", "mask", "masked", "redact", "redacted", "rewrite"), "modify"),
    **dict.fromkeys(("warn", "warning", "flag", "flagged", "guardrail_flagged"), "warn"),
    **dict.fromkeys(("escalate", "escalated", "review"), "escalate"),
    **dict.fromkeys(("failed", "error", "guardrail_failed_to_respond"), "failed"),
    **dict.fromkeys(("not_run", "skipped"), "not_run"),
}  # fmt: skip
_WORDS = ("verdict", "action", "decision", "result", "status", "outcome", "guardrail_status")
_GOOD_FLAGS = ("passed", "pass", "allowed", "valid", "safe", "is_safe", "validation_passed")
_BAD_FLAGS = ("flagged", "blocked", "triggered", "tripwire_triggered", "violation", "detected")


def kind_rows(spans: pl.DataFrame, outputs: Sequence[Any]) -> dict[str, Rows]:
    """Rows for documents and guardrails, from the outputs of spans of those kinds."""
    columns = ("trace_id", "span_id", "kind", "name", "status", "duration_s")
    told = (
        spans.select(columns)
        .with_row_index("_i")
        .filter(pl.col("kind").is_in(["retriever", "reranker", "guardrail"]))
    )
    found: dict[str, Rows] = {"documents": [], "guardrails": []}
    for row, trace_id, span_id, kind, name, status, duration_s in told.iter_rows():
        keys = {"trace_id": trace_id, "span_id": span_id}
        output = without_plain(outputs[row])
        if kind == "guardrail":
            decided = _decision(value_in(output), name or "", status)
            found["guardrails"].append({**keys, **decided, "name": name, "duration_s": duration_s})
        else:
            role = "retrieved" if kind == "retriever" else "reranker_output"
            found["documents"] += [{**keys, **item} for item in _documents(output, role)]
    return found


def _documents(output: Any, role: str) -> Rows:
    items = list_in(output)
    decoded = value_in(output)
    if isinstance(decoded, dict):
        items = next(
            (list_in(decoded[k]) for k in ("documents", "results", "matches") if k in decoded), []
        )
    make = document_maker(role)
    return [make(item, n) for n, item in enumerate(items) if isinstance(item, dict)]


def _decision(output: Any, name: str, status: str | None) -> dict[str, Any]:
    plain: Mapping[str, Any] = output if isinstance(output, dict) else {"verdict": output}
    verdict = "failed" if status == "error" and output is None else verdict_of(plain)
    target = next((word for word in ("input", "output") if word in name.lower()), None)
    return {
        "target": plain.get("target") or target or "other",
        "verdict": verdict,
        "action": text_of(plain.get("action")),
        "category": text_of(plain.get("category")),
        "score": as_number(plain.get("score")),
        "reason": text_of(plain.get("reason") or plain.get("message") or plain.get("explanation")),
    }


def verdict_of(plain: Mapping[str, Any]) -> str | None:
    """The verdict that a guardrail's output words or flags; None when it tells none."""
    for name in _WORDS:
        word = plain.get(name)
        if isinstance(word, str) and word.lower() in _VERDICTS:
            return _VERDICTS[word.lower()]
    for names, verdicts in ((_GOOD_FLAGS, ("deny", "allow")), (_BAD_FLAGS, ("allow", "deny"))):
        for name in (*names, "verdict"):
            if isinstance(plain.get(name), bool):
                return verdicts[plain[name]]
    return None
