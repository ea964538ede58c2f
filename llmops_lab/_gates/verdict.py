"""What a gate found: pass, fail or inconclusive, with every number that led there."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.etree import ElementTree

import msgspec

from llmops_lab._display import Table

Outcome = Literal["pass", "fail", "inconclusive"]
_EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "inconclusive": 2}
# What XML 1.0 cannot carry, even escaped.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


@dataclass(frozen=True)
class Check:
    """One question of a gate: its outcome, the answer in a sentence, and the numbers."""

    name: str
    outcome: Outcome
    says: str
    numbers: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Verdict:
    """The outcome of a gate: "fail" if a check failed, "pass" if all passed."""

    checks: tuple[Check, ...]
    policy: dict[str, Any]
    run_id: str
    baseline_run_id: str | None = None
    golden_hash: str = ""

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
        record = {
            "verdict": self.outcome,
            "exit_code": self.exit_code,
            "reasons": self.reasons,
            "run_id": self.run_id,
            "baseline_run_id": self.baseline_run_id,
            "golden_hash": self.golden_hash,
            "policy": self.policy,
            "checks": msgspec.to_builtins(self.checks),
        }
        return msgspec.json.format(msgspec.json.encode(record, order="sorted")).decode() + "\n"

    def markdown(self) -> str:
        """A summary for a pull request or a job's page."""
        lines = [f"### Gate: {self.outcome}", "", "| | check | finding |", "| --- | --- | --- |"]
        lines += [f"| {c.outcome} | {_plain(c.name)} | {_plain(c.says)} |" for c in self.checks]
        return "\n".join([*lines, "", _plain(self._compared()), ""])

    def junit(self) -> str:
        """JUnit XML, one test case per check; an inconclusive check is an error."""
        count = [check.outcome for check in self.checks].count
        totals = {"tests": len(self.checks), "failures": count("fail")}
        attributes = {k: str(v) for k, v in (totals | {"errors": count("inconclusive")}).items()}
        suites = ElementTree.Element("testsuites", attributes)
        suite = ElementTree.SubElement(suites, "testsuite", attributes, name="llmops-lab gate")
        for check in self.checks:
            case = {"classname": "gate", "name": _xml(check.name), "time": "0"}
            _told(ElementTree.SubElement(suite, "testcase", case), check)
        ElementTree.indent(suites)
        return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"

    def _compared(self) -> str:
        against = f" against {self.baseline_run_id}" if self.baseline_run_id else ""
        return f"run {self.run_id}{against}, cases {self.golden_hash[:12]}"

    def __str__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        rows = [(c.name, c.outcome, c.says) for c in self.checks]
        title = f"Gate: {self.outcome.upper()}"
        return Table(title, self._compared(), ("check", "outcome", "finding"), rows)


def _told(case: ElementTree.Element, check: Check) -> None:
    if check.outcome == "pass":
        ElementTree.SubElement(case, "system-out").text = _xml(check.says)
        return
    kind = "failure" if check.outcome == "fail" else "error"
    told = ElementTree.SubElement(case, kind, type=check.outcome, message=_xml(check.says))
    told.text = _xml("\n".join(f"{name}: {value}" for name, value in check.numbers.items()))


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: names of cases are not ours to trust."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
