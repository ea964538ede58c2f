"""Answers recorded earlier, given again: an eval that calls nothing and costs nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from llmops_lab._cases.case import Case
from llmops_lab._cases.traced import retrieved
from llmops_lab._runs.answer import Answer
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import FormatError, LabError
from llmops_lab.targets._target import targets
from llmops_lab.traces import Traces

_KNOWN = {spec.name for spec in fields(Answer)}
_OF_ROW = ("duration_s", "ttft_s", "input_tokens", "output_tokens", "cost_usd", "model")
_NONE: list[Answer] = []


@targets.register("replay")
@dataclass(frozen=True)
class Replay:
    """Recorded answers: of a JSONL file, of an EvalRun (or its file), or of traces.

    In a file, one line per answer: {"case_id", "output"} and any of "error", "finish_reason",
    "duration_s", "ttft_s", "input_tokens", "output_tokens", "cost_usd", "model", "params";
    other keys are passed over. A second line for the same case is its second trial, and so on.
    Of traces a case gets the answer of the trace it came from, else those to the same input, in
    order of time. A case without a recorded answer gets one that says so in `error`.
    """

    recorded: str | Path | EvalRun | Traces

    @property
    def name(self) -> str:
        if isinstance(self.recorded, EvalRun):
            return f"replay of {self.recorded.run_id}"
        if isinstance(self.recorded, Traces):
            return f"replay of {Path(self.recorded.source).name}"
        return f"replay of {Path(self.recorded).name}"

    @cached_property
    def identity(self) -> str:
        # A file that cannot be read is to be told before the first case.
        return hashlib.sha256(msgspec.json.encode(self._answers, order="sorted")).hexdigest()[:16]

    async def answer(self, case: Case, trial: int) -> Answer:
        recorded = self._recorded(case)
        if trial < len(recorded):
            return recorded[trial]
        return Answer(error=f"no recorded answer for case {case.id!r}, trial {trial}")

    def _recorded(self, case: Case) -> list[Answer]:
        if not isinstance(self.recorded, Traces):
            return self._answers.get(case.id, _NONE)
        own = self._answers.get(f"trace {case.source.trace_id}", _NONE)
        return own or self._answers.get(f"input {case.text.strip()}", _NONE)

    @cached_property
    def _answers(self) -> dict[str, list[Answer]]:
        found: dict[str, list[Answer]] = {}
        for key, answer in self._pairs():
            found.setdefault(key, []).append(answer)
        return found

    def _pairs(self) -> Iterator[tuple[str, Answer]]:
        if isinstance(self.recorded, EvalRun):
            return ((result.case.id, result.answer) for result in self.recorded.results)
        if isinstance(self.recorded, Traces):
            return _of_traces(self.recorded)
        return _of_file(Path(self.recorded))


def _of_traces(traces: Traces) -> Iterator[tuple[str, Answer]]:
    documents = retrieved(traces)
    for row in traces.rows.iter_rows(named=True):
        failed = row["status"] == "error" or row["output_text"] is None
        answer = Answer(
            output=row["output_text"],
            error=(row["error_type"] or "the trace has no answer") if failed else None,
            context=documents.get(row["trace_id"], []),
            **{name: row[name] for name in _OF_ROW},
        )
        yield f"trace {row['trace_id']}", answer
        yield f"input {(row['input_text'] or '').strip()}", answer


def _of_file(path: Path) -> Iterator[tuple[str, Answer]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabError(f"no recorded answers {path}: {error.strerror}") from error
    for number, line in enumerate(data.splitlines(), start=1):
        # The file of a run has a line for its plan, which answers nothing.
        if line.strip() and not line.startswith(b'{"plan":'):
            yield _of_line(line, f"{path.name}, line {number}")


def _of_line(line: bytes, where: str) -> tuple[str, Answer]:
    try:
        record = msgspec.json.decode(line, type=dict[str, Any])
        known = {key: value for key, value in record.items() if key in _KNOWN}
        return str(record["case_id"]), msgspec.convert(known, Answer)
    except KeyError as error:
        raise FormatError(f"{where}: a recorded answer needs a case_id") from error
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{where}: not a recorded answer: {error}") from error
