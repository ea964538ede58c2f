"""Score what was answered in production, with the scorers that score an eval."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from typing import Any

import polars as pl

from llmops_lab._cases.case import Case
from llmops_lab._cases.traced import asked, retrieved
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.identity import described
from llmops_lab._runs.own_loop import run_in_own_loop, work_together
from llmops_lab._runs.progress import Progress
from llmops_lab._scan.units import unit_ids
from llmops_lab._spans.schema import SCORES
from llmops_lab.errors import LabError
from llmops_lab.scorers._applied import AnyScorer, applied, as_scorers
from llmops_lab.scorers._score import Scorer, asks_a_model, needs_expected
from llmops_lab.traces import Traces

REFERENCE_FREE = ("refusal", "pii", "injection", "groundedness")
"""Scorers that can be given any answer."""

_OF_ROW = ("duration_s", "ttft_s", "input_tokens", "output_tokens", "cost_usd", "model")


@dataclass(frozen=True)
class _Job:
    scorer: Scorer
    evaluator: str
    case: Case
    answer: Answer


def score(
    traces: Traces,
    scorers: Sequence[AnyScorer],
    *,
    sample: int | float | None = None,
    unit: str = "user_id",
    seed: int = 0,
    concurrency: int = 8,
) -> Traces:
    """The traces with a score of each scorer for each answer, in `.scores`, one row each.

    Scorers as for `evaluate`, of those that expect nothing: groundedness and citation (where
    documents were retrieved), refusal, injection, pii, language, length, latency, cost, json,
    judge, functions. `sample` takes that many traces (or, below 1, that share), whole users at
    a time: `unit`, or else conversations, or else traces; a larger sample with the same seed
    holds the smaller one. What a scorer has scored already, with the same options, is not
    scored again. A scorer that fails leaves a row with `valid` false and the reason.
    `rows.failed_checks` then names the scorers that a trace failed, `summarize` and
    `detect_drift` have a `<scorer>_fail_rate`. An interrupt keeps what is finished.
    Raises LabError for a scorer that needs an expected answer.
    """
    scoring = as_scorers(scorers)
    _check(scoring)
    chosen = _sampled(traces.rows, sample, unit, seed)
    jobs = list(_jobs(traces, chosen, scoring))
    found: list[tuple[_Job, Score]] = []
    if jobs:
        with Progress(total=len(jobs), what="score", unit="answer") as progress:
            run_in_own_loop(
                _work_off(jobs, found, progress, max(1, concurrency)), threads=concurrency
            )
    return traces.with_scores(_frame(found))


def _check(scoring: Sequence[Scorer]) -> None:
    if blind := [scorer.name for scorer in scoring if needs_expected(scorer)]:
        raise LabError(
            f"{blind[0]!r} compares with an expected answer and a trace has none; put these "
            "traces into a golden set (GoldenSet.from_traces) and evaluate, or use a judge"
        )


def _sampled(rows: pl.DataFrame, sample: int | float | None, unit: str, seed: int) -> pl.DataFrame:
    if sample is None:
        return rows
    if sample <= 0:
        raise LabError("sample is a number of traces, or a share of them below 1; give more than 0")
    n = int(sample) if sample >= 1 else round(sample * rows.height)
    places = [_place(seed, name) for name in unit_ids(rows, unit)]
    drawn = pl.Series("_place", places, dtype=pl.Binary)
    return rows.with_columns(drawn).sort("_place", maintain_order=True).head(max(1, n))


def _place(seed: int, unit: str) -> bytes:
    """Where a unit stands in the draw, whichever others there are."""
    return blake2b(f"{seed}\t{unit}".encode(), digest_size=8).digest()


def _jobs(traces: Traces, rows: pl.DataFrame, scoring: Sequence[Scorer]) -> Iterator[_Job]:
    documents = retrieved(traces)
    evaluators = [(scorer, _evaluator(scorer)) for scorer in scoring]
    known = _known(traces.scores)
    for row in rows.iter_rows(named=True):
        trace_id = row["trace_id"]
        case = asked(row, documents.get(trace_id, []))
        reason = "guardrail_intervened" if row["guardrail_hit"] else None
        answer = Answer(
            row["output_text"], finish_reason=reason, **{name: row[name] for name in _OF_ROW}
        )
        for scorer, evaluator in evaluators:
            if (trace_id, scorer.name, evaluator) not in known:
                yield _Job(scorer, evaluator, case, answer)


def _evaluator(scorer: Scorer) -> str:
    """Who scored: us, and a hash that changes with the scorer's options."""
    return f"llmops_lab {sha256(described(scorer).encode()).hexdigest()[:12]}"


def _known(scores: pl.DataFrame) -> set[tuple[str, str, str]]:
    valid = scores.filter(pl.col("valid").fill_null(value=True), pl.col("span_id").is_null())
    return set(valid.select("trace_id", "name", "evaluator").iter_rows())


async def _work_off(
    jobs: Sequence[_Job], found: list[tuple[_Job, Score]], progress: Progress, concurrency: int
) -> None:
    to_do = iter(jobs)

    async def worker() -> None:
        for job in to_do:
            scored = await _scored(job)
            found.append((job, scored))
            progress.add(scored.passed, scored.error)

    parts = {id(job.scorer): job.scorer for job in jobs}.values()
    await work_together(worker, concurrency, parts=parts)


async def _scored(job: _Job) -> Score:
    if job.answer.output is None:
        return Score(reason="the trace has no answer", name=job.scorer.name)
    return await applied(job.scorer, job.case, job.answer)


def _frame(found: Sequence[tuple[_Job, Score]]) -> pl.DataFrame:
    at = datetime.now(UTC)
    return pl.DataFrame([_row(job, score, at) for job, score in found], schema=SCORES)


def _row(job: _Job, score: Score, at: datetime) -> dict[str, Any]:
    label = None if score.passed is None else "pass" if score.passed else "fail"
    return {
        "trace_id": job.case.id,
        "name": score.name,
        "value": score.value,
        "label": label,
        "data_type": "numeric",
        "source": "llm" if asks_a_model(job.scorer) else "code",
        "evaluator": job.evaluator,
        "explanation": score.error or score.reason,
        "created_at": at,
        "valid": score.error is None,
    }
