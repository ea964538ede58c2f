"""DeepEval test runs: the JSON that a run leaves behind."""

from collections.abc import Iterator
from typing import Any

import msgspec

from llmops_lab._cases.case import case_of
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.exporters._run_format import (
    Imported,
    RunFormat,
    imported_score,
    run_formats,
    told_apart,
)
from llmops_lab.exporters.deepeval import read_golden

Record = dict[str, Any]
_OF_RESULT = {
    "success", "metricsData", "runDuration", "order", "flaky", "evaluationCost", "actualOutput",
    "tokenCost", "completionTime", "trace", "turns",
}  # fmt: skip


def _read(data: bytes) -> Iterator[Imported]:
    whole = msgspec.json.decode(data, type=Record)
    run = whole.get("testRunData", whole)
    for test in [*(run.get("testCases") or []), *(run.get("conversationalTestCases") or [])]:
        yield _imported(test)


def _imported(test: Record) -> Imported:
    asked = {name: value for name, value in test.items() if name not in _OF_RESULT}
    if "input" not in asked:
        asked["input"] = test.get("turns") or test.get("scenario") or ""
    found = {name: value for name, value in read_golden(asked).items() if value is not None}
    return Imported(
        target="DeepEval run",
        case=case_of(found),
        answer=Answer(
            output=test.get("actualOutput"),
            duration_s=test.get("completionTime"),
            cost_usd=test.get("tokenCost"),
        ),
        scores=told_apart([_score(metric) for metric in test.get("metricsData") or []]),
    )


def _score(metric: Record) -> Score:
    if error := metric.get("error"):
        return Score(error=str(error), name=metric["name"])
    return imported_score(
        metric["name"], metric.get("score"), passed=metric["success"], reason=metric.get("reason")
    )


run_formats.register("deepeval")(
    RunFormat(
        _read,
        suffixes=(".json",),
        marks=(b'"testCases"', b'"metricsData"'),
        leaves="thresholds, costs of metrics, traces of components, hyperparameters",
    )
)
