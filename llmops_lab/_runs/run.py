"""A finished, or interrupted, eval: results, and the failures to learn from."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from llmops_lab._atomic import write_atomically
from llmops_lab._cases.case import Case, Source, now
from llmops_lab._cases.masked import texts_of
from llmops_lab._display import Shown, Table
from llmops_lab._privacy.masker import Masker
from llmops_lab._runs.frame import result_frame
from llmops_lab._runs.lines import plan_line, read_lines, result_line
from llmops_lab._runs.pass_rates import pass_rates
from llmops_lab._runs.result import Plan, Result
from llmops_lab._runs.table import run_table


@dataclass(frozen=True, repr=False)
class EvalRun(Shown):
    """Results in case order; `frame` is Polars, one row per case and trial."""

    plan: Plan
    results: tuple[Result, ...] = field(repr=False)

    @property
    def run_id(self) -> str:
        return self.plan.run_id

    @property
    def n_missing(self) -> int:
        """How many answers were planned and are not there, as after an interrupt."""
        return len(self.plan.keys) - len(self.results)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row per result: case, answer, error, `passed`, times in seconds, tokens, dollars.

        Each scorer adds its value under its name, `<scorer>_passed` and `<scorer>_reason`.
        """
        return result_frame(self.plan, self.results)

    def rates(self, by: str | None = None) -> pl.DataFrame:
        """Pass rates per scorer with 95 % intervals, and per tag, split, severity … with `by`.

        Columns: scorer, the group, n, n_passed, rate, rate_low, rate_high, value (mean),
        n_unscored; scorer "passed" is all of them together.
        """
        return pass_rates(self.frame, [*self.plan.scorers], by=by)

    def failures(self, *, redacted: bool = True) -> list[Case]:
        """A case for each wrong answer, to be reviewed and added to the golden set.

        The wrong answer becomes one never to give again (label "bad"), quarantined until
        someone has looked at it: `case.reviewed("ana")` accepts it as it is,
        `case.reviewed("ana", expected="...")` says what to answer instead. Where there was
        no answer at all, the case comes back as it was. Personal data and secrets in an answer
        are masked (see `redact`), but for what stands in its case, unless `redacted` is False.
        """
        failed = (result for result in self.results if result.passed is False)
        wrong = [self.failure_of(result, redacted=redacted) for result in failed]
        return list({case.content_hash: case for case in wrong}.values())

    def failure_of(self, result: Result, *, redacted: bool = True) -> Case:
        """The case that `failures` makes of one wrong answer of this run."""
        return _failure(result, self.run_id, redacted=redacted)

    def without_errors(self) -> "EvalRun":
        """The run without failed calls; saved as a checkpoint, its resume makes them again."""
        return replace(self, results=tuple(r for r in self.results if not r.error))

    def save(self, path: str | Path) -> Path:
        """Write the run whole, as JSONL that `load` and a resume read; returns the path."""
        file = Path(path)
        lines = (result_line(result) for result in self.results)
        write_atomically(file, plan_line(self.plan) + b"".join(lines))
        return file

    @classmethod
    def load(cls, path: str | Path) -> "EvalRun":
        """The run in a file of `save`, or in a checkpoint, finished or not.

        Raises LabError when there is no such file and FormatError when it holds no run.
        """
        recorded = read_lines(Path(path))
        return cls(recorded.plan, recorded.wanted())

    def _table(self) -> Table:
        return run_table(self.plan, self.frame)


def _failure(result: Result, run_id: str, *, redacted: bool) -> Case:
    case, output = result.case, result.answer.output
    if redacted and output is not None:
        known = "\n".join(texts_of([case]))
        output = Masker(kept=known).value(output)
    found = {
        "source": Source("failure", run_id=run_id, case_id=case.id),
        "created_by": None,
        "created_at": now(),
        "reviewed_by": None,
        "reviewed_at": None,
        "status": "quarantined",
        "rev": 1,
    }
    if output is None:
        return replace(case, **found, id=f"{case.id}-failed", metadata={"error": result.error})
    never = replace(case, **found, expected=output, label="bad")
    wanted = {"wanted": case.expected} if case.label == "good" else {}
    return replace(never, id=f"{case.id}-not-{never.content_hash[:6]}", metadata=wanted)
