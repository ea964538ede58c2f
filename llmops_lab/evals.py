"""Run a golden set against a target: concurrent, resumable, errors kept as results."""

import asyncio
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from inspect import isawaitable
from pathlib import Path
from uuid import uuid4

from llmops_lab import __version__
from llmops_lab._cases.case import Case, now
from llmops_lab._runs.answer import Answer, storable
from llmops_lab._runs.checkpoint import Checkpoint, open_checkpoint
from llmops_lab._runs.identity import described
from llmops_lab._runs.own_loop import run_in_own_loop, work_together
from llmops_lab._runs.progress import Progress
from llmops_lab._runs.result import Plan, Result, says_undeclared
from llmops_lab._runs.run import EvalRun
from llmops_lab._runs.secrets import error_text
from llmops_lab.errors import LabError
from llmops_lab.golden import GoldenSet
from llmops_lab.scorers import Scorer
from llmops_lab.scorers._applied import AnyScorer, applied, as_scorers
from llmops_lab.scorers._judging import judge_identity
from llmops_lab.scorers._score import asks_a_model, undeclared_judges
from llmops_lab.targets import Target
from llmops_lab.targets._as_target import AnyTarget, as_target

__all__ = ["EvalRun", "Plan", "Result", "Settings", "evaluate", "evaluate_until"]


def evaluate(
    target: AnyTarget,
    golden: GoldenSet,
    *,
    scorers: Sequence[AnyScorer],
    checkpoint: str | Path | None = None,
    concurrency: int = 8,
    trials: int = 1,
) -> EvalRun:
    """The target's answers to every active case of a golden set, scored.

    `target` is a function of the case's input, sync or async, a list of program arguments, a
    LangChain runnable, a LlamaIndex query engine, or a part of `targets`; scorers are names,
    parts of `scorers`, or functions of (case, answer). With a `checkpoint` file each
    result is kept the moment it is there, and a second call runs only what is missing or has
    changed: a case's content, a scorer's options, the target's own code. `trials` asks each
    question that many times. What goes wrong in a call becomes that result's error. An
    interrupt (the stop button) ends the run early and keeps what is finished.
    Raises LabError when no case is active, or two scorers share a name.
    """
    return evaluate_until(
        lambda _: False, target, golden, Settings(scorers, checkpoint, concurrency, trials)
    )


@dataclass(frozen=True)
class Settings:
    """The options of `evaluate`, handed on."""

    scorers: Sequence[AnyScorer]
    checkpoint: str | Path | None = None
    concurrency: int = 8
    trials: int = 1


def evaluate_until(
    is_enough: Callable[[Result], bool],
    target: AnyTarget,
    golden: GoldenSet,
    settings: Settings,
) -> EvalRun:
    """As `evaluate`, but no further case is asked once `is_enough` said so of a result."""
    answering = as_target(target)
    scoring = as_scorers(settings.scorers)
    plan = _plan(answering, golden, scoring, settings.trials)
    path = None if settings.checkpoint is None else Path(settings.checkpoint)
    with open_checkpoint(path, plan) as kept:
        work = _Work(answering, scoring, kept, is_enough)
        _run(work, golden, max(1, settings.concurrency))
        found = (kept.known.get(key) for key in kept.plan.keys)
        return EvalRun(kept.plan, tuple(result for result in found if result is not None))


def _plan(target: Target, golden: GoldenSet, scoring: Sequence[Scorer], trials: int) -> Plan:
    if not golden.active:
        raise LabError("no case of this golden set is active; review some: case.reviewed('you')")
    if trials < 1:
        raise LabError("trials counts how often each question is asked; give 1 or more")
    undeclared = undeclared_judges(scoring)
    if undeclared:
        warnings.warn(says_undeclared(undeclared), stacklevel=4)
    return Plan(
        run_id=uuid4().hex[:12],
        target=target.name,
        target_identity=target.identity,
        scorers={scorer.name: described(scorer) for scorer in scoring},
        cases=[(case.id, case.content_hash) for case in golden.active],
        trials=trials,
        golden=None if golden.path is None else golden.path.name,
        golden_hash=golden.content_hash,
        started_at=now(),
        version=__version__,
        judges={s.name: judge_identity(s) for s in scoring if asks_a_model(s)},
        prompt=getattr(target, "prompt_version", None),
        undeclared=undeclared,
    )


@dataclass(frozen=True)
class _Work:
    target: Target
    scorers: Sequence[Scorer]
    kept: Checkpoint
    is_enough: Callable[[Result], bool]

    def is_done(self, case: Case, trial: int) -> bool:
        """There is a result with every score that the plan asks for."""
        result = self.kept.known.get((case.id, case.content_hash, trial))
        if result is None:
            return False
        return bool(result.answer.error) or len(result.scores) == len(self.scorers)

    async def result(self, case: Case, trial: int) -> Result:
        """The answer, unless it is known, with the scores that are not."""
        known = self.kept.known.get((case.id, case.content_hash, trial))
        if known is None:
            started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
            known = Result(case, trial, await self._answer(case, trial), (), started_at)
        if known.answer.error:
            return known
        scores = {score.name: score for score in known.scores}
        for scorer in self.scorers:
            if scorer.name not in scores:
                scores[scorer.name] = await applied(scorer, case, known.answer)
        return replace(known, scores=tuple(scores[scorer.name] for scorer in self.scorers))

    async def _answer(self, case: Case, trial: int) -> Answer:
        began = time.perf_counter()
        try:
            given = self.target.answer(case, trial)
            answer = storable(await given if isawaitable(given) else given)
        except Exception as error:
            answer = Answer(error=error_text(error))
        if answer.duration_s is not None:
            return answer
        return replace(answer, duration_s=time.perf_counter() - began)


def _run(work: _Work, golden: GoldenSet, concurrency: int) -> None:
    trials = work.kept.plan.trials
    planned = [(case, trial) for case in golden.active for trial in range(trials)]
    to_do = [job for job in planned if not work.is_done(*job)]
    if to_do:
        with Progress(total=len(planned), done=len(planned) - len(to_do)) as progress:
            jobs = iter(to_do)
            run_in_own_loop(_work_off(work, jobs, progress, concurrency), threads=concurrency)


async def _work_off(
    work: _Work, jobs: Iterator[tuple[Case, int]], progress: Progress, concurrency: int
) -> None:
    enough = asyncio.Event()

    async def worker() -> None:
        for case, trial in jobs:
            if enough.is_set():
                return
            result = await work.result(case, trial)
            work.kept.write(result)
            progress.add(result.passed, result.error, result.answer.cost_usd)
            if work.is_enough(result):
                enough.set()

    await work_together(worker, concurrency, parts=(work.target, *work.scorers))
