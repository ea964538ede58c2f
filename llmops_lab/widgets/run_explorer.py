"""Read an eval's results one by one and write what was learned back into the golden set."""

import getpass
import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

import traitlets

from llmops_lab._cases.case import Case, Json, as_text
from llmops_lab._display import Table
from llmops_lab._runs.result import Result
from llmops_lab.errors import LabError
from llmops_lab.evals import EvalRun
from llmops_lab.golden import GoldenSet
from llmops_lab.widgets._page import module, style
from llmops_lab.widgets._registry import explorers
from llmops_lab.widgets._run_rows import (
    View,
    cells_of,
    columns_of,
    filter_counts,
    number,
    pictured,
    result_rows,
    seconds,
    shown_positions,
    state_of,
    tag_labels,
)
from llmops_lab.widgets._table_widget import (
    LONGEST_TEXT_CHARS,
    PICTURE_ROWS,
    RUN_AGAIN,
    TableWidget,
    cut,
)


@dataclass(frozen=True)
class Written:
    """A case as the widget wrote it, and the code that did.

    `before` is what stood in its place; `drafted` says whether the reviewer wrote its answer.
    """

    case: Case
    code: str
    before: Case | None = None
    drafted: bool = True


@explorers.register("EvalRun")
def explore_run(
    run: EvalRun, *, golden: GoldenSet | None = None, by: str | None = None
) -> "RunExplorer":
    """A table of the run's results with a reading pane; failures first.

    With `golden`, corrected cases are written to its file under the reviewer's name `by` (the
    user's, where none is given). `.marked` and `.golden` hold what was done, for code to use.
    """
    return RunExplorer(run, golden=golden, by=by or _user())


class RunExplorer(TableWidget):
    """State of the widget; run_explorer.js draws it and sends back what the person does."""

    _esm = module("run_explorer.js")
    _css = style()

    # What to show; the page sets these.
    filter = traitlets.Unicode("failures").tag(sync=True)
    tag = traitlets.Unicode("").tag(sync=True)

    # What is shown; Python sets these.
    counts = traitlets.List().tag(sync=True)
    tags = traitlets.List().tag(sync=True)
    message = traitlets.Dict().tag(sync=True)
    kept_as = traitlets.Unicode("").tag(sync=True)

    def __init__(self, run: EvalRun, *, golden: GoldenSet | None, by: str) -> None:
        super().__init__()
        self.run = run
        self.golden = golden
        self.by = by
        self._rows = result_rows(run)
        self._failures = [case.content_hash for case in run.failures()]
        self._keys = [_key(f"{result.case.content_hash} {result.trial}") for result in run.results]
        self._marked: set[int] = set()
        self._written: dict[int, Written] = {}
        with self.hold_sync():
            self.columns = columns_of(run)
            self.tags = tag_labels(self._rows)
            self.kept_as = _key(f"{run.plan.target}\n{run.plan.golden}")
            self.empty_text = "No result is like that."
            if not any(result.passed is False for result in run.results):
                self.filter = "all"
            self._show()
        self._watch("filter", "tag")

    @property
    def marked(self) -> list[str]:
        """Ids of the marked cases, in the run's order."""
        return [self.run.results[position].case.id for position in sorted(self._marked)]

    def mark(self, *positions: int) -> None:
        """Mark the results at these positions in the run, or take their marks away."""
        self._marked ^= set(positions)
        with self.hold_sync():
            self.counts = filter_counts(self._rows, len(self._marked))
            if self.filter == "marked":
                self._show()
            else:
                self._send_window()
                self._send_detail()

    def add(self, position: int, expected: str) -> Case:
        """Add to the golden set the case with `expected` as the answer to give; returns it.

        Raises LabError without a golden set, without an answer, or when the case is there.
        """
        case, code = self._corrected(position, expected)
        return self._write(position, Written(case, f"golden = golden.add([{code}])"))

    def add_never(self, position: int) -> Case:
        """Add to the golden set that the answer at `position` is never to be given again."""
        case, code = self._failure(position)
        case, code = case.reviewed(self.by), f"golden = golden.add([{code}])"
        return self._write(position, Written(case, code, drafted=False))

    def revise(self, position: int, expected: str) -> Case:
        """Change in the golden set what is expected of the case at `position`; returns it.

        Raises LabError when another reviewer changed it meanwhile; then it may be said again.
        """
        golden, result = self._golden(), self.run.results[position]
        before = golden[result.case.id]
        case = before.reviewed(self.by, expected=self._answer(result, expected))
        try:
            self.golden = golden.revise(case)
        except LabError:
            self.golden = golden.reloaded()
            raise
        answer = f"expected={case.expected!r}"
        code = f"golden = golden.revise(golden[{case.id!r}].reviewed({self.by!r}, {answer}))"
        case = self.golden[case.id]
        self._note(position, f"Revised {case.id} in", Written(case, code, before))
        return case

    def undo(self, position: int) -> None:
        """Take back what was last written of the result at `position`.

        Raises LabError when nothing was, or when another reviewer changed it meanwhile.
        """
        golden, written = self._golden(), self._written.get(position)
        if written is None:
            raise LabError("Nothing was written of this result.")
        case, before = written.case, written.before
        if before is None:
            self.golden = golden.remove(case)
        else:
            self.golden = golden.revise(replace(before, rev=case.rev))
        del self._written[position]
        self._tell(position, f"Took {case.id} back from", "back" if written.drafted else "")

    def _write(self, position: int, written: Written) -> Case:
        golden, there = self._golden(), self._written.get(position)
        if there is not None and there.case.content_hash == written.case.content_hash:
            written = there  # a second click
        elif golden.diff([written.case]).known:
            raise LabError("The golden set has this case already; change what was expected.")
        self.golden = golden.add([written.case])
        self._note(position, f"Added {written.case.id} to", written)
        return written.case

    def _note(self, position: int, done: str, written: Written) -> None:
        self._written[position] = written
        self._tell(position, done, "written" if written.drafted else "")

    def _tell(self, position: int, done: str, draft: str) -> None:
        text = f"{done} {_place(self._golden())}"
        with self.hold_sync():
            self._send_window()
            self._send_detail()
            self.message = {"position": position, "kind": "done", "text": text, "draft": draft}

    def _golden(self) -> GoldenSet:
        if self.golden is None:
            raise LabError("Nowhere to write: give the set, explore(run, golden=golden).")
        return self.golden

    def _corrected(self, position: int, expected: str) -> tuple[Case, str]:
        """The corrected case under an id of its own, and the code that makes it."""
        result = self.run.results[position]
        answer = self._answer(result, expected)
        if result.passed is False:
            base, code = self._failure(position)
        else:
            base, code = result.case, f"run.results[{position}].case"
        case = base.reviewed(self.by, expected=answer)
        named = replace(case, id=f"{result.case.id}-{case.content_hash[:6]}")
        made = f"{code}.reviewed({self.by!r}, expected={answer!r})"
        return named, f"replace({made}, id={named.id!r})"

    def _failure(self, position: int) -> tuple[Case, str]:
        """The run's own case of this failure, and the code that gives it."""
        result = self.run.results[position]
        if result.passed is not False:
            raise LabError("Only a failed answer can be one never to give again.")
        failure = self.run.failure_of(result)
        return failure, f"run.failures()[{self._failures.index(failure.content_hash)}]"

    @staticmethod
    def _answer(result: Result, expected: str) -> Json:
        """The edited answer; what was JSON before stays JSON where it still reads as such."""
        if not expected.strip():
            raise LabError("Write what was expected first.")
        if result.case.expected is None or isinstance(result.case.expected, str):
            return expected
        try:
            return json.loads(expected)
        except json.JSONDecodeError:
            return expected

    def _show(self, _: object = None, *, from_top: bool = False) -> None:
        self.counts = filter_counts(self._rows, len(self._marked))
        super()._show(from_top=from_top)

    def _choose(self) -> list[int]:
        column, descending = self.sort
        view = View(self.filter, self.tag, self.search, str(column), bool(descending))
        return shown_positions(self._rows, view, self._marked)

    def _n_rows(self) -> int:
        return len(self._rows)

    def _picture(self) -> Table:
        shown = [self.run.results[position] for position in self._shown[:PICTURE_ROWS]]
        left = len(self._shown) - len(shown)
        return Table(
            f"{self.run.plan.target}: {self.shown_text} results",
            "failures and errors" if self.filter == "failures" else self.filter,
            ("case", "asked", "expected", "answered"),
            [pictured(result) for result in shown],
            [f"and {left:,} more"] if left else [],
            [RUN_AGAIN],
        )

    def _lines(self, positions: list[int]) -> list[dict[str, Any]]:
        return [
            {
                "cells": cells_of(row, self.columns),
                "state": row["state"],
                "marked": row["position"] in self._marked,
                "written": row["position"] in self._written,
            }
            for row in self._rows[positions].iter_rows(named=True)
        ]

    def _detail_of(self, position: int) -> dict[str, Any]:
        result = self.run.results[position]
        case, answer = result.case, result.answer
        return {
            "position": position,
            "id": case.id,
            "state": state_of(result),
            "facts": _facts(self.cursor, len(self._shown), result),
            "tags": case.tags,
            "marked": position in self._marked,
            "error": result.error,
            "input": cut(case.text),
            **_expected(case),
            "expected_note": _note(case),
            "output": cut(as_text(answer.output)),
            "scores": [
                {
                    "name": score.name,
                    "value": number(score.value),
                    "passed": score.passed,
                    "reason": cut(score.reason or ""),
                }
                for score in result.scores
            ],
            "can_write": self.golden is not None,
            "actions": _actions(result, position in self._marked, position in self._written),
            "code": self._code(position, case),
            "key": self._keys[position],
        }

    def _code(self, position: int, case: Case) -> str:
        if position in self._written:
            return self._written[position].code
        if self.golden is None:
            return "explore(run, golden=golden)  # to write cases back"
        expected = _expected(case)["expected"]
        code = self._corrected(position, expected if expected.strip() else "…")[1]
        return f"golden = golden.add([{code}])"

    def _act(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what the page asks; what stands in the way is told there."""
        if content["action"] == "remember":
            self._remember(content["marked"])
            return
        position, expected = int(content["position"]), str(content.get("expected", ""))
        actions = {
            "add": lambda: self.add(position, expected),
            "never": lambda: self.add_never(position),
            "revise": lambda: self.revise(position, expected),
            "undo": lambda: self.undo(position),
            "mark": lambda: self.mark(position),
        }
        try:
            actions[content["action"]]()
        except (LabError, OSError) as error:
            self.message = {"position": position, "kind": "error", "text": str(error)}

    def _remember(self, marked: list[str]) -> None:
        """Marks that an earlier widget of this run held when its kernel ended."""
        if not self._marked:
            self.mark(*(i for i, key in enumerate(self._keys) if key in set(marked)))


def _actions(result: Result, marked: bool, written: bool) -> list[dict[str, Any]]:
    add = ("add", "Add case", "A new case with this answer (Ctrl Enter)")
    revise = ("revise", "Revise case", "Change what the case itself expects")
    never = ("never", "Never this answer", "A case that the given answer fails")
    mark = ("mark", "Unmark" if marked else "Mark", "Remember this result (m)")
    undo = ("undo", "Undo", "Take back what was written (u)")
    can_fail = result.passed is False and result.answer.output is not None
    offered = [add, revise, never, mark] if can_fail else [add, revise, mark]
    offered += [undo] if written else []
    return [
        {"action": name, "label": label, "hint": hint, "primary": name == "add"}
        for name, label, hint in offered
    ]


def _facts(rank: int, n_shown: int, result: Result) -> str:
    parts = [f"{rank + 1:,} of {n_shown:,}", seconds(result.answer.duration_s)]
    cost = result.answer.cost_usd
    parts.append("" if cost is None else f"${cost:.4f}")
    parts.append(f"trial {result.trial + 1}" if result.trial else "")
    return " · ".join(part for part in parts if part)


def _expected(case: Case) -> dict[str, str]:
    """The answer to edit; one too long for that is only shown."""
    text = as_text(case.expected)
    too_long = len(text) > LONGEST_TEXT_CHARS
    return {"expected": "" if too_long else text, "too_long": cut(text) if too_long else ""}


def _note(case: Case) -> str:
    if case.label == "bad":
        return "never this answer; edit it to say what to answer instead"
    if isinstance(case.expected, list):
        return "any one of these is enough"
    return ""


def _place(golden: GoldenSet) -> str:
    return "the golden set in memory" if golden.path is None else str(golden.path)


def _key(text: str) -> str:
    """A name under which the page keeps what is not written yet; it tells nothing of the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _user() -> str:
    """Who is at the machine; a container may have no name for its user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reviewer"
