"""Answers recorded earlier, given again: an eval that calls nothing and costs nothing."""

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer
from llmops_lab.errors import FormatError, LabError
from llmops_lab.targets._target import targets

_KNOWN = {spec.name for spec in fields(Answer)}


@targets.register("replay")
@dataclass(frozen=True)
class Replay:
    """Recorded answers from a JSONL file.

    One line per answer: {"case_id", "output"} and any of "error", "finish_reason",
    "duration_s", "ttft_s", "input_tokens", "output_tokens", "cost_usd", "model", "params";
    other keys are passed over. A second line for the same case is its second trial, and so on.
    A case without a line gets an answer that says so in `error`.
    """

    path: str | Path

    @property
    def name(self) -> str:
        return f"replay of {Path(self.path).name}"

    @cached_property
    def identity(self) -> str:
        _ = self._answers  # a file that cannot be read is to be told before the first case
        return hashlib.sha256(self._data).hexdigest()[:16]

    @cached_property
    def _data(self) -> bytes:
        try:
            return Path(self.path).read_bytes()
        except OSError as error:
            raise LabError(f"no recorded answers {self.path}: {error.strerror}") from error

    @cached_property
    def _answers(self) -> dict[str, list[Answer]]:
        answers: dict[str, list[Answer]] = {}
        for number, line in enumerate(self._data.splitlines(), start=1):
            if line.strip():
                case_id, answer = _recorded(line, f"{Path(self.path).name}, line {number}")
                answers.setdefault(case_id, []).append(answer)
        return answers

    async def answer(self, case: Case, trial: int) -> Answer:
        recorded = self._answers.get(case.id, [])
        if trial < len(recorded):
            return recorded[trial]
        return Answer(error=f"no recorded answer for case {case.id!r}, trial {trial}")


def _recorded(line: bytes, where: str) -> tuple[str, Answer]:
    try:
        record = msgspec.json.decode(line, type=dict[str, Any])
        known = {key: value for key, value in record.items() if key in _KNOWN}
        return str(record["case_id"]), msgspec.convert(known, Answer)
    except KeyError as error:
        raise FormatError(f"{where}: a recorded answer needs a case_id") from error
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{where}: not a recorded answer: {error}") from error
