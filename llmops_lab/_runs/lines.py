"""The file of a run: a line for the plan, then a line per result, in the order they came.

A later plan line takes over the results before it that it still asks for; of two results for
one case and trial the later counts. The last line may be cut off by a crash and is then dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from llmops_lab._cases.case import case_of, record_of
from llmops_lab._runs.answer import Answer, Score
from llmops_lab._runs.result import Key, Plan, Result
from llmops_lab.errors import FormatError, LabError

PLAN_START = b'{"plan":'
_ANSWER = [spec.name for spec in fields(Answer)]


@dataclass(frozen=True)
class Recorded:
    """What a file of a run holds: its last plan, every result by key, and whole bytes."""

    plan: Plan
    results: dict[Key, Result]
    n_bytes: int

    def wanted(self) -> tuple[Result, ...]:
        """The results that the plan asks for, in its order."""
        return tuple(self.results[key] for key in self.plan.keys if key in self.results)


def plan_line(plan: Plan) -> bytes:
    """The plan as one line."""
    return _line({"plan": msgspec.to_builtins(plan)})


def result_line(result: Result) -> bytes:
    """The result as one line; what says nothing is left out."""
    answer = {name: getattr(result.answer, name) for name in _ANSWER}
    record = {name: value for name, value in answer.items() if value not in (None, {}, [])}
    record["case"] = record_of(result.case)
    record["case_id"], record["case_hash"], record["trial"] = result.key
    record["started_at"] = result.started_at
    record["scores"] = [_bare(score) for score in result.scores]
    return _line(record)


def read_lines(path: Path) -> Recorded:
    """What the file of a run holds; raises FormatError that names a line it cannot read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabError(f"no run {path}: {error.strerror}") from error
    whole = data[: data.rfind(b"\n") + 1]
    plan, results = _gathered(whole, path.name)
    if plan is None:
        raise FormatError(f"{path} is not the file of a run: it holds no plan")
    return Recorded(plan, results, len(whole))


def _gathered(data: bytes, name: str) -> tuple[Plan | None, dict[Key, Result]]:
    plan: Plan | None = None
    results: dict[Key, Result] = {}
    for item in _items(data, name):
        if isinstance(item, Result):
            results[item.key] = item
            continue
        if plan is not None:
            results = {key: carried(old, plan, item) for key, old in results.items()}
        plan = item
    return plan, results


def carried(result: Result, old: Plan, new: Plan) -> Result:
    """The result under a new plan: scores of scorers that are gone or changed are dropped."""
    same = dict(old.scorers.items() & new.scorers.items())
    return replace(result, scores=tuple(score for score in result.scores if score.name in same))


def _items(data: bytes, name: str) -> Iterator[Plan | Result]:
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            yield _item(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError, FormatError, KeyError) as error:
            raise FormatError(f"{name}, line {number}: not a result of a run: {error}") from error


def _item(record: dict[str, Any]) -> Plan | Result:
    if "plan" in record:
        return msgspec.convert(record["plan"], Plan)
    return Result(
        case=case_of(record["case"]),
        trial=record["trial"],
        answer=msgspec.convert({k: record[k] for k in _ANSWER if k in record}, Answer),
        scores=msgspec.convert(record["scores"], tuple[Score, ...]),
        started_at=record["started_at"],
    )


def _bare(score: Score) -> dict[str, Any]:
    return {name: value for name, value in vars(score).items() if value not in (None, {})}


def _line(record: dict[str, Any]) -> bytes:
    return msgspec.json.encode(record, order="sorted") + b"\n"
