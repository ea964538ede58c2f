"""Sign off a gate's result, as a commit that the gate then finds."""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from llmops_lab._atomic import write_atomically
from llmops_lab._cases.case import now
from llmops_lab._gates.approved import (
    FOLDER,
    RESULT_TRAILER,
    Approval,
    objection,
    read_approvals,
)
from llmops_lab._gates.verdict import APPROVAL, Verdict
from llmops_lab._git import Person, Repository
from llmops_lab.decisions import DecisionLog
from llmops_lab.errors import LabError

__all__ = ["Approval", "Signed", "approve"]


@dataclass(frozen=True)
class Signed:
    """An approval, the file that it is in, and its commit; None where that is still to be made."""

    approval: Approval
    path: Path
    commit: str | None


def approve(
    verdict: Verdict,
    *,
    repository: str | Path = ".",
    overrule: str | None = None,
    log: str | Path | None = None,
    commit: bool = True,
) -> Signed:
    """Your approval of what a gate let pass, committed under `approvals/` with your sign-off.

    Who you are is what Git's `user.name` and `user.email` say; the policy must name you among
    its approvers, and you may not have written what is approved. `overrule` gives the reason to
    ship against a verdict that is no pass: it is recorded, and the verdict stays what it is.
    `log` is a decision log that gets a line in the same commit. The commit is signed where Git
    is set up so or the policy asks for it. With commit=False the files are written for you to
    commit (`git commit --signoff -S`). Raises LabError when you may not approve.
    """
    found = Repository.around(repository)
    if found is None:
        raise LabError(f"{repository} lies in no Git repository; approvals are commits")
    who = found.user()
    _check(verdict, who, found, overrule)
    approval = _approval(verdict, who, overrule)
    path = found.root / FOLDER / f"{verdict.result_hash[:12]}-{_short(who)}.json"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, _pretty(approval))
    files = [path]
    if log is not None:
        kind = "approval" if overrule is None else "overrule"
        says = overrule or f"gate result {verdict.result_hash[:12]} of run {verdict.run_id}"
        facts = msgspec.to_builtins(approval)
        files.append(DecisionLog.load(log).append(kind, says, by=str(who), facts=facts).path)
    signed = verdict.policy["allowed_signers"] is not None
    sha = found.commit_files(files, _message(approval), signed=signed) if commit else None
    return Signed(approval, path, sha)


def _check(verdict: Verdict, who: Person, found: Repository, overrule: str | None) -> None:
    undecided = ("fail", "inconclusive")
    open_checks = [c for c in verdict.checks if c.outcome in undecided and c.name != APPROVAL]
    if open_checks and not overrule:
        raise LabError(
            f"the gate does not pass ({open_checks[0].says}); to ship all the same give a reason "
            "with overrule="
        )
    if not verdict.policy["approvers"]:
        raise LabError("the policy names no approvers; add approvers = [...] to it")
    if verdict.prompt is not None and verdict.prompt.dirty:
        raise LabError("the run's prompt has changes that no commit holds; commit it, run again")
    if verdict.policy["allowed_signers"] and not found.signs_with_ssh():
        raise LabError(
            "the policy asks for a signed approval; name your key to Git: git config gpg.format "
            "ssh, and git config user.signingkey ~/.ssh/id_ed25519.pub"
        )
    if problem := objection(who, verdict, found):
        raise LabError(f"{problem}, so they cannot approve it")
    same = [a for a in read_approvals(found).values() if a.result_hash == verdict.result_hash]
    if any(who.is_same_as(Person.of(approval.approver)) for approval in same):
        raise LabError(f"{who} approved this result already")


def _approval(verdict: Verdict, who: Person, overrule: str | None) -> Approval:
    found = {check.outcome for check in verdict.checks if check.name != APPROVAL}
    outcome = "fail" if "fail" in found else "inconclusive" if "inconclusive" in found else "pass"
    return Approval(
        approver=str(who),
        at=now(),
        verdict=outcome,
        result_hash=verdict.result_hash,
        subject_hash=verdict.subject_hash,
        golden_hash=verdict.golden_hash,
        run_id=verdict.run_id,
        baseline_run_id=verdict.baseline_run_id,
        prompt=None if verdict.prompt is None else msgspec.to_builtins(verdict.prompt),
        overrules=overrule,
    )


def _message(approval: Approval) -> str:
    verb = "Overrule" if approval.overrules else "Approve"
    reason = f"{approval.overrules}\n\n" if approval.overrules else ""
    return (
        f"{verb} gate result {approval.result_hash[:12]}\n\n{reason}"
        f"{RESULT_TRAILER}: {approval.result_hash}\nSigned-off-by: {approval.approver}\n"
    )


def _pretty(approval: Approval) -> bytes:
    return msgspec.json.format(msgspec.json.encode(approval, order="sorted")) + b"\n"


def _short(who: Person) -> str:
    return re.sub(r"[^a-z0-9]+", "-", (who.email or who.name).partition("@")[0].casefold())
