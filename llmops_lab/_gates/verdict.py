"""What a gate found: pass, fail or inconclusive, with every number that led there."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import msgspec

from llmops_lab._display import Cell, Shown, Sign, Table, markdown_text
from llmops_lab._prompts.prompt import PromptVersion
from llmops_lab._quantities import counted
from llmops_lab.decisions import DecisionLog

APPROVAL = "approval"
Outcome = Literal["pass", "fail", "inconclusive"]
NOT_CALIBRATED = "not calibrated"
_SIGNS: dict[str, Sign] = {"pass": "good", "fail": "bad", "inconclusive": "open"}
_EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "inconclusive": 2}
# What XML 1.0 cannot carry, even escaped.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Check:
    """One question of a gate: its outcome, the answer in a sentence, and the numbers.

    A judge beside the primary metric that people's labels do not back is "not calibrated": it
    is shown, and has no part in the verdict.
    """

    name: str
    outcome: Outcome | Literal["not calibrated"]
    says: str
    numbers: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """The outcome of a gate: "fail" if a check failed, "pass" if all passed."""

    checks: tuple[Check, ...]
    policy: dict[str, Any]
    run_id: str
    baseline_run_id: str | None = None
    golden_hash: str = ""
    target: str = ""
    target_identity: str = ""
    prompt: PromptVersion | None = None
    baseline_prompt: PromptVersion | None = None

    @property
    def result_hash(self) -> str:
        """SHA-256 over all that was found, save who approved it.

        Numbers count to nine digits, so that another machine comes to the same hash.
        """
        record = _to_nine_digits(self._record())
        record["checks"] = [c for c in record["checks"] if c["name"] != APPROVAL]
        for told in ("verdict", "exit_code", "reasons"):
            del record[told]
        return _hash_of(record)

    @property
    def subject_hash(self) -> str:
        """SHA-256 over what is to ship and by which rules: what an approval is for.

        Prompt content, target, cases and policy; another run of the same has the same subject.
        """
        prompt = None if self.prompt is None else [self.prompt.path, self.prompt.blob_sha]
        return _hash_of([prompt, self.target_identity, self.golden_hash, self.policy])

    @property
    def outcome(self) -> Outcome:
        found = {check.outcome for check in self.checks}
        return "fail" if "fail" in found else "inconclusive" if "inconclusive" in found else "pass"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 inconclusive."""
        return _EXIT_CODES[self.outcome]

    @property
    def reasons(self) -> list[str]:
        """The sentences that decided: of the failed checks, or the open ones, or all."""
        return [check.says for check in self.checks if check.outcome == self.outcome]

    def json(self) -> str:
        """Every number, as indented JSON with sorted keys."""
        hashes = {"result_hash": self.result_hash, "subject_hash": self.subject_hash}
        record = {**self._record(), **hashes}
        return msgspec.json.format(msgspec.json.encode(record, order="sorted")).decode() + "\n"

    def markdown(self) -> str:
        """A summary for a pull request or a job's page."""
        lines = [f"### Gate: {self.outcome}", "", "| | check | finding |", "| --- | --- | --- |"]
        lines += [
            f"| {_signed(c)} | {markdown_text(c.name)} | {markdown_text(c.says)} |"
            for c in self.checks
        ]
        return "\n".join([*lines, "", *self._worsened(), markdown_text(self._compared()), ""])

    def _worsened(self) -> Iterator[str]:
        """What got worse, by name: where somebody who reads the summary looks next."""
        for check in self.checks:
            if names := check.numbers.get("worsened_cases"):
                n, where = check.numbers["worsened"], markdown_text(check.name)
                listed = ", ".join(map(markdown_text, names)) + (" …" if n > len(names) else "")
                yield f"<details><summary>{counted(n, 'case')} got worse in {where}</summary>\n"
                yield f"{listed}\n\n</details>\n"

    def junit(self) -> str:
        """JUnit XML, one test case per check: inconclusive is an error, not calibrated skipped."""
        count = [check.outcome for check in self.checks].count
        totals = {
            "tests": len(self.checks),
            "failures": count("fail"),
            "errors": count("inconclusive"),
            "skipped": count(NOT_CALIBRATED),
        }
        attributes = {name: str(n) for name, n in totals.items()}
        suites = ElementTree.Element("testsuites", attributes)
        suite = ElementTree.SubElement(suites, "testsuite", attributes, name="llmops-lab gate")
        for check in self.checks:
            case = {"classname": "gate", "name": _xml(check.name), "time": "0"}
            _told(ElementTree.SubElement(suite, "testcase", case), check)
        ElementTree.indent(suites)
        return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"

    def recorded(self, log: str | Path, *, by: str = "gate") -> DecisionLog:
        """The decision log with a line for this verdict."""
        facts = {
            "outcome": self.outcome,
            "result_hash": self.result_hash,
            "subject_hash": self.subject_hash,
            "run_id": self.run_id,
            "baseline_run_id": self.baseline_run_id,
            "golden_hash": self.golden_hash,
            "prompt": msgspec.to_builtins(self.prompt),
        }
        says = f"{self.outcome}: {self.reasons[0]}"
        return DecisionLog.load(log).append("verdict", says, by=by, facts=facts)

    def _record(self) -> dict[str, Any]:
        return {
            "verdict": self.outcome,
            "exit_code": self.exit_code,
            "reasons": self.reasons,
            "run_id": self.run_id,
            "baseline_run_id": self.baseline_run_id,
            "golden_hash": self.golden_hash,
            "target": self.target,
            "target_identity": self.target_identity,
            "prompt": msgspec.to_builtins(self.prompt),
            "baseline_prompt": msgspec.to_builtins(self.baseline_prompt),
            "policy": self.policy,
            "checks": msgspec.to_builtins(self.checks),
        }

    def _compared(self) -> str:
        against = f" against {self.baseline_run_id}" if self.baseline_run_id else ""
        return f"run {self.run_id}{against}, cases {self.golden_hash[:12]}"

    def _table(self) -> Table:
        rows = [(c.name, _signed(c), c.says) for c in self.checks]
        title = f"Gate: {self.outcome.upper()}"
        return Table(title, self._compared(), ("check", "outcome", "finding"), rows)


def _signed(check: Check) -> Cell:
    return Cell(check.outcome, sign=_SIGNS.get(check.outcome))


def _told(case: ElementTree.Element, check: Check) -> None:
    if check.outcome == "pass":
        ElementTree.SubElement(case, "system-out").text = _xml(check.says)
        return
    kind = {"fail": "failure", NOT_CALIBRATED: "skipped"}.get(check.outcome, "error")
    told = ElementTree.SubElement(case, kind, type=check.outcome, message=_xml(check.says))
    told.text = _xml("\n".join(f"{name}: {value}" for name, value in check.numbers.items()))


def _hash_of(record: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()


def _to_nine_digits(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: _to_nine_digits(inside) for name, inside in value.items()}
    return [_to_nine_digits(inside) for inside in value] if isinstance(value, list) else value


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
