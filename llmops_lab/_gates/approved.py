"""Approvals as facts in Git: who signed off which gate result, and whether that counts.

An approval is a file under `approvals/`, added by a commit of the approver's own with a
`Signed-off-by` line. Names and addresses in commits are claims: what this proves is in
docs/approvals.md. Signatures are more than claims.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from llmops_lab._gates.signatures import signature_problem
from llmops_lab._gates.verdict import APPROVAL, Check, Verdict
from llmops_lab._git import Person, Repository, Revision

FOLDER = "approvals"
RESULT_TRAILER = "Gate-Result"


@dataclass(frozen=True)
class Approval:
    """Who approved which gate result; with `overrules`, against the gate and for this reason."""

    approver: str
    at: str
    verdict: str
    result_hash: str
    subject_hash: str
    golden_hash: str
    run_id: str
    baseline_run_id: str | None = None
    prompt: dict[str, Any] | None = None
    overrules: str | None = None


def read_approvals(repository: Repository) -> dict[str, Approval]:
    """The approvals that are committed, by the name of their file; what is none is passed over."""
    found: dict[str, Approval] = {}
    for name, data in repository.files(FOLDER).items():
        try:
            found[name] = msgspec.json.decode(data, type=Approval)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return found


def approval_check(verdict: Verdict, place: str | Path) -> Iterator[Check]:
    """Did one of the policy's approvers sign off what was run? Nothing without approvers."""
    approvers = verdict.policy["approvers"]
    if not approvers:
        return
    repository = Repository.around(place)
    if repository is None:
        says = "approvals are read from Git; run the gate in the repository"
        yield Check(APPROVAL, "inconclusive", says)
        return
    if verdict.prompt is not None and verdict.prompt.dirty:
        says = "the run's prompt has changes that no commit holds; commit it and run again"
        yield Check(APPROVAL, "inconclusive", says)
        return
    yield _signed(verdict, repository, approvers)


def _signed(verdict: Verdict, repository: Repository, approvers: list[str]) -> Check:
    numbers = {"subject": verdict.subject_hash, "approvers": approvers}
    refused: list[str] = []
    for name, approval in read_approvals(repository).items():
        if approval.subject_hash != verdict.subject_hash or approval.overrules:
            continue
        commits = list(repository.revisions(name))
        problem = _problem(approval, commits, verdict, repository)
        if problem is None:
            says = f"{approval.approver} approved gate result {approval.result_hash[:12]}"
            facts = {"approver": approval.approver, "commit": commits[0].sha, "at": approval.at}
            return Check(APPROVAL, "pass", says, numbers | facts)
        refused.append(f"that of {approval.approver} does not count: {problem}")
    says = "nobody approved this prompt, target, cases and policy; " + (
        "; ".join(refused) or f"ask {' or '.join(approvers)} to run `llmops-lab approve`"
    )
    return Check(APPROVAL, "inconclusive", says, numbers)


def _problem(
    approval: Approval, commits: list[Revision], verdict: Verdict, repository: Repository
) -> str | None:
    """Why an approval does not count, None when it does."""
    if len(commits) != 1:
        return "the file was changed after it was committed"
    author = commits[0].author
    signed = [Person.of(name) for name in commits[0].trailers("Signed-off-by")]
    if author.known_as != Person.of(approval.approver).known_as:
        return f"it was committed by {author}"
    if author not in signed:
        return "its commit is not signed off by its author"
    if signers := verdict.policy["allowed_signers"]:
        # A key belongs to an address; a name, even one that looks like an address, proves nothing.
        if author.email.casefold() not in {name.casefold() for name in verdict.policy["approvers"]}:
            return f"{author.email} is none of the policy's approvers"
        problem = signature_problem(commits[0], repository, repository.root / signers)
        if problem is not None:
            return problem
    return objection(author, verdict, repository, rev=commits[0].sha)


def objection(
    person: Person, verdict: Verdict, repository: Repository, *, rev: str = "HEAD"
) -> str | None:
    """Why this person cannot approve a result with a commit at `rev`, None when they can."""
    approvers = {name.casefold() for name in verdict.policy["approvers"]}
    if not person.known_as & approvers:
        return f"{person} is none of the policy's approvers"
    if any(person.is_same_as(author) for author in authors_of(verdict, repository, rev)):
        return f"{person} is an author of what is to be approved"
    return None


def authors_of(verdict: Verdict, repository: Repository, rev: str) -> list[Person]:
    """Who wrote what is to be approved: the prompt since the baseline's or an approved version.

    Without a prompt in Git, whoever made the last commit up to `rev` that is no approval.
    """
    prompt = verdict.prompt
    if prompt is None or prompt.git_sha is None:
        changes = (each for each in repository.commits(rev) if not each.trailers(RESULT_TRAILER))
        return next((each.authors for each in changes), [])
    known = {a.prompt["blob_sha"] for a in read_approvals(repository).values() if a.prompt}
    if verdict.baseline_prompt is not None:
        known.add(verdict.baseline_prompt.blob_sha)
    people: list[Person] = []
    for revision in repository.revisions(prompt.path, prompt.git_sha):
        if revision.blob_sha in known - {prompt.blob_sha}:
            break
        people += revision.authors
    return people
