"""A file that holds every result the moment it is there, so that a killed run goes on."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from llmops_lab._atomic import locked
from llmops_lab._runs.lines import (
    PLAN_START,
    Recorded,
    carried,
    plan_line,
    read_lines,
    result_line,
)
from llmops_lab._runs.result import Key, Plan, Result


class Checkpoint:
    """Results of earlier runs of the same plan, and a place to write new ones."""

    def __init__(self, plan: Plan, known: dict[Key, Result], file: BinaryIO | None = None) -> None:
        self.plan = plan
        self.known = known
        self._file = file

    def write(self, result: Result) -> None:
        """Keep the result, in the hands of the operating system before this returns."""
        self.known[result.key] = result
        if self._file is not None:
            self._file.write(result_line(result))
            self._file.flush()


@contextmanager
def open_checkpoint(path: Path | None, plan: Plan) -> Generator[Checkpoint]:
    """The checkpoint at `path`, or one in memory, held against other writers.

    Results that another target gave are never mixed in: their file moves aside, to
    `<name>.<run_id>.jsonl`. Raises FormatError when the file is something else.
    """
    if path is None:
        yield Checkpoint(plan, {})
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path, timeout_s=1):
        recorded = _recorded(path, plan)
        plan, known = _resumed(plan, recorded)
        with path.open("ab") as file:
            if recorded is None or recorded.plan != plan:
                file.write(plan_line(plan))
                file.flush()
            yield Checkpoint(plan, known, file)


def _recorded(path: Path, plan: Plan) -> Recorded | None:
    if not path.exists() or _is_torn_plan(path):
        return None
    recorded = read_lines(path)
    if recorded.plan.target_identity != plan.target_identity:
        path.replace(path.with_name(f"{path.stem}.{recorded.plan.run_id}{path.suffix}"))
        return None
    # A crash in the middle of a line leaves a part of it: the next line must not join it.
    os.truncate(path, recorded.n_bytes)
    return recorded


def _is_torn_plan(path: Path) -> bool:
    """The file is empty, or a crash cut its very first line: emptied, it can be begun again."""
    data = path.read_bytes()
    torn = b"\n" not in data and PLAN_START.startswith(data[: len(PLAN_START)])
    if torn:
        os.truncate(path, 0)
    return torn


def _resumed(plan: Plan, recorded: Recorded | None) -> tuple[Plan, dict[Key, Result]]:
    if recorded is None:
        return plan, {}
    old = recorded.plan
    same = replace(plan, run_id=old.run_id, started_at=old.started_at)
    if same == old:
        return old, recorded.results
    return plan, {key: carried(result, old, plan) for key, result in recorded.results.items()}
