"""promptfoo results: JSON of version 3 (`promptfoo eval --output results.json`)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from llmops_lab._cases.case import Case, case_of
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.exporters._run_format import (
    Imported,
    RunFormat,
    imported_score,
    run_formats,
    told_apart,
)
from llmops_lab.exporters.promptfoo import read_test

Record = dict[str, Any]
_ERROR = 2


def _read(data: bytes) -> Iterator[Imported]:
    whole = msgspec.json.decode(data, type=Record)["results"]
    prompts = {(p["provider"], p["label"]) for p in whole["prompts"]}
    several = len({label for _, label in prompts}) > 1
    for record in whole["results"]:
        provider = record["provider"].get("label") or record["provider"]["id"]
        yield Imported(
            target=f"{provider}: {record['prompt']['label']}" if several else provider,
            case=_case(record),
            answer=_answer(record),
            scores=_scores(record),
            started_at=whole.get("timestamp"),
        )


def _case(record: Record) -> Case:
    """The test with templates of its assertions filled in; those of its options stay."""
    test = dict(record["testCase"])
    graded = (record.get("gradingResult") or {}).get("componentResults") or []
    rendered = [(c.get("metadata") or {}).get("renderedAssertionValue") for c in graded]
    checks = test.get("assert") or []
    if len(rendered) == len(checks):
        pairs = zip(checks, rendered, strict=True)
        test["assert"] = [c if r is None else {**c, "value": r} for c, r in pairs]
    kept = {name: value for name, value in test.items() if value not in (None, {}, [])}
    found = read_test({**kept, "vars": test.get("vars") or {}})
    return case_of({name: value for name, value in found.items() if value is not None})


def _answer(record: Record) -> Answer:
    response = record.get("response") or {}
    tokens = response.get("tokenUsage") or {}
    failed = record.get("failureReason") == _ERROR or "output" not in response
    return Answer(
        output=response.get("output"),
        error=(record.get("error") or "no output") if failed else None,
        finish_reason=response.get("finishReason"),
        duration_s=None if record.get("latencyMs") is None else record["latencyMs"] / 1000,
        input_tokens=tokens.get("prompt"),
        output_tokens=tokens.get("completion"),
        cost_usd=record.get("cost"),
        model=record["provider"]["id"],
    )


def _scores(record: Record) -> tuple[Score, ...]:
    """`success`, and a score for each assertion.

    Where a threshold or weights let a test succeed all the same, assertions only have values.
    """
    graded = (record.get("gradingResult") or {}).get("componentResults") or []
    success = bool(record["success"])
    plain = success == all(c["pass"] for c in graded)
    found = [imported_score("success", record.get("score"), passed=success)]
    for component in graded:
        assertion = component.get("assertion") or {}
        name = assertion.get("metric") or assertion.get("type") or "assertion"
        score = imported_score(
            name, component["score"], passed=component["pass"], reason=component.get("reason")
        )
        found.append(score if plain else Score(score.value, None, score.reason, name=score.name))
    return told_apart(found)


run_formats.register("promptfoo")(
    RunFormat(
        _read,
        suffixes=(".json",),
        marks=(b'"results"', b'"prompts"', b'"testCase"'),
        leaves="the config, provider settings, token counts of assertions",
    )
)
