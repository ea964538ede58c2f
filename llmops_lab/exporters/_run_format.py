"""What a format of eval results is, and what every one of them shares: scores, trials, the run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from llmops_lab._cases.case import Case, Source
from llmops_lab._registry import Registry
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.frame import RESULT_COLUMNS
from llmops_lab._runs.result import Plan, Result
from llmops_lab._runs.run import EvalRun
from llmops_lab.golden import GoldenSet


@dataclass(frozen=True)
class Imported:
    """One result of another tool: of which target, in which trial (counted from 0)."""

    target: str
    case: Case
    answer: Answer
    scores: tuple[Score, ...]
    trial: int | None = None
    started_at: str | None = None


@dataclass(frozen=True)
class RunFormat:
    """One tool's file of results.

    `read` gives the results in the bytes of a file; `marks` are pieces of text of which every
    such file holds all, `leaves` says what of it is not read.
    """

    read: Callable[[bytes], Iterable[Imported]]
    suffixes: tuple[str, ...]
    marks: tuple[bytes, ...]
    leaves: str

    def recognises(self, data: bytes, suffix: str) -> bool:
        """Whether a file of this suffix and content looks like one of this format."""
        if suffix not in self.suffixes:
            return False
        return data.startswith(b"PK") or all(mark in data for mark in self.marks)


run_formats: Registry[RunFormat] = Registry("run format", "llmops_lab.exporters")


def imported_score(
    name: str, value: Any, *, passed: bool | None = None, reason: str | None = None
) -> Score:
    """A score of another tool on our scale.

    Yes, no and numbers from 0 to 1 keep their value; only 0 and 1 tell by themselves whether
    that passes. Any other number stays under `parts`, any other value in the reason.
    """
    number = _number(value)
    if number is None:
        says = None if value is None else f"{value}"
        return Score(passed=passed, reason=reason or says, name=_free(name))
    if not 0 <= number <= 1:
        says = f"{number:g}, on a scale of its own"
        return Score(None, passed, reason or says, name=_free(name), parts={"value": number})
    known = passed if passed is not None else {0.0: False, 1.0: True}.get(number)
    return Score(number, known, reason or None, name=_free(name))


def _number(value: Any) -> float | None:
    if isinstance(value, str | int | float):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _free(name: str) -> str:
    """The name, unless results have a column of it."""
    return f"{name}_score" if name in RESULT_COLUMNS else name


def told_apart(scores: Sequence[Score]) -> tuple[Score, ...]:
    """The scores with a number added to names that come again."""
    seen: dict[str, int] = {}
    found: list[Score] = []
    for score in scores:
        n = seen[score.name] = seen.get(score.name, 0) + 1
        found.append(score if n == 1 else replace(score, name=f"{score.name} {n}"))
    return tuple(found)


def run_of(results: Sequence[Imported], *, file: str, format: str, version: str) -> EvalRun:
    """The run that these results of one target make; ids that mean two cases are told apart."""
    ids: dict[tuple[str, str], str] = {}
    trials: dict[str, int] = {}
    kept: list[Result] = []
    for row, each in enumerate(results, start=1):
        source = Source("import", file=file, row=row)
        case = replace(each.case, id=_own_id(each.case, ids))
        if case.source == Source():
            case = replace(case, source=source)
        trial = trials.get(case.id, 0) if each.trial is None else each.trial
        trials[case.id] = trial + 1
        kept.append(Result(case, trial, each.answer, each.scores, each.started_at))
    return EvalRun(_plan(kept, results[0], file=file, format=format, version=version), tuple(kept))


def _own_id(case: Case, ids: dict[tuple[str, str], str]) -> str:
    key = (case.id, case.content_hash)
    if key not in ids:
        taken = case.id in ids.values()
        ids[key] = f"{case.id}-{case.content_hash[:6]}" if taken else case.id
    return ids[key]


def _plan(kept: list[Result], first: Imported, *, file: str, format: str, version: str) -> Plan:
    cases = {result.case.id: result.case for result in kept}
    names = dict.fromkeys(score.name for result in kept for score in result.scores)
    contents = "\n".join(f"{r.key} {r.answer.output}" for r in kept)
    return Plan(
        run_id=sha256(f"{first.target}\n{contents}".encode(errors="replace")).hexdigest()[:12],
        target=first.target,
        target_identity=f"imported from {format}",
        scorers=dict.fromkeys(names, f"imported from {format}"),
        cases=[(case.id, case.content_hash) for case in cases.values()],
        trials=max(result.trial for result in kept) + 1,
        golden=file,
        golden_hash=GoldenSet(tuple(cases.values())).content_hash,
        started_at=first.started_at or "",
        version=version,
    )


def text_of(content: Any) -> Any:
    """The text of a message's content, which may come in parts; other JSON as it is."""
    if isinstance(content, list) and content and all(isinstance(part, Mapping) for part in content):
        texts = [part["text"] for part in content if "text" in part]
        return "\n".join(texts) if texts else content
    return content
