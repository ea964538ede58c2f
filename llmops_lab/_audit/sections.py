"""What a dossier says of a run, section by section; all of it comes from the records."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from llmops_lab import _quantities as quantities
from llmops_lab._audit.page import Section
from llmops_lab._display import Cell, Table, table_of
from llmops_lab._gates.approved import read_approvals
from llmops_lab._gates.calibrated import Calibration
from llmops_lab._gates.judged import judges_of
from llmops_lab._gates.verdict import APPROVAL, Verdict
from llmops_lab._git import Repository
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import LabError

_NAMES_SHOWN = 20
_FEW = 30


def subject(verdict: Verdict, run: EvalRun) -> Section:
    """What is to ship."""
    prompt, answered = verdict.prompt, run.frame.filter(pl.col("error").is_null())
    params = answered["params"].drop_nulls().unique().sort().to_list()
    rows = [
        ("target", run.plan.target),
        ("models that answered", _listed(answered["model"].drop_nulls().unique().sort())),
        ("parameters", ", ".join(params[:3]).replace("{}", "none recorded") or "–"),
        ("prompt", "no prompt file" if prompt is None else str(prompt)),
    ]
    if prompt is not None:
        rows += [
            ("prompt file", prompt.path),
            ("commit", prompt.git_sha or "–"),
            ("content", prompt.blob_sha),
        ]
    rows.append(("subject hash", verdict.subject_hash))
    return Section("What is to ship", tables=[_plain(rows)])


def tests(verdict: Verdict, run: EvalRun) -> Section:
    """On what it was tested, and by what."""
    plan, frame = run.plan, run.frame
    cases = frame.unique("case_id", keep="first", maintain_order=True)
    rows = [
        ("run", f"{run.run_id}, begun {plan.started_at}, llmops_lab {plan.version}"),
        ("compared with", verdict.baseline_run_id or "no baseline"),
        ("golden set", plan.golden or "in memory"),
        ("golden set's content", plan.golden_hash),
        ("cases", quantities.count(cases.height)),
        ("answers", f"{frame.height}, {plan.trials} per case, {run.n_missing} missing"),
        ("failed calls", quantities.count(frame["error"].count())),
        *((f"scorer {name}", described) for name, described in plan.scorers.items()),
    ]
    tags = Counter(tag for tags in cases["tags"].drop_nulls() for tag in tags).most_common()
    counts = [(name, str(n)) for name, n in tags[:_NAMES_SHOWN]]
    more = [f"and {len(tags) - len(counts)} more tags"] if len(tags) > len(counts) else []
    tables = [_plain(rows)]
    if counts:
        tables.append(Table("Cases by tag", "", ("tag", "cases"), counts, notes=more))
    return Section("What was tested", tables=tables)


def provenance(run: EvalRun) -> Section:
    """Where the cases came from, and who looked at them."""
    cases = list({result.case.id: result.case for result in run.results}.values())
    kinds = Counter(case.source.kind for case in cases)
    by = Counter(case.reviewed_by or "nobody is recorded" for case in cases)
    dates = sorted(case.created_at for case in cases if case.created_at)
    rows = [
        *((f"from {kind}", str(n)) for kind, n in kinds.most_common()),
        *((f"reviewed by {who}", str(n)) for who, n in by.most_common(_NAMES_SHOWN)),
        ("created", f"{dates[0][:10]} to {dates[-1][:10]}" if dates else "not recorded"),
    ]
    return Section("Where the cases came from", tables=[_plain(rows)])


def results(verdict: Verdict, run: EvalRun) -> Section:
    """What the gate found, and the rates behind it."""
    checks = [(c.name, c.outcome, c.says) for c in verdict.checks]
    rates = [
        (
            row["scorer"],
            quantities.count(row["n"]),
            Cell(
                quantities.percent(row["rate"]),
                quantities.interval(row["rate_low"], row["rate_high"], quantities.percent),
            ),
        )
        for row in run.rates().iter_rows(named=True)
        if row["rate"] is not None
    ]
    policy = [
        (key, str(value)) for key, value in verdict.policy.items() if value not in ([], {}, None)
    ]
    return Section(
        "Results",
        tables=[
            Table("Checks of the gate", "", ("check", "outcome", "finding"), checks),
            Table("Pass rates", "with 95 % intervals", ("scorer", "answers", "passed"), rates),
            Table("The policy, written before the run", "", ("key", "value"), policy),
        ],
    )


def approvals(verdict: Verdict, place: str | Path) -> Section:
    """Who signed this off."""
    says = [check.says for check in verdict.checks if check.name == APPROVAL]
    repository = Repository.around(place)
    known = {} if repository is None else read_approvals(repository)
    rows = [
        (a.approver, quantities.moment(a.at), a.overrules or f"result {a.result_hash[:12]}", name)
        for name, a in known.items()
        if a.subject_hash == verdict.subject_hash
    ]
    columns = ("who", "when", "approved, or overruled because", "file")
    tables = [Table("", "", columns, rows)] if rows else []
    return Section("Approval", says or ["the policy asks for no approval"], tables)


def judges(verdict: Verdict, run: EvalRun, place: str | Path) -> Section | None:
    """How the judges among the scorers do beside people; None when there are none."""
    names = judges_of("passed", run)
    if not names:
        return None
    root = Repository.around(place)
    folder = Path(place) if root is None else root.root
    tables: list[Table] = []
    says: list[str] = []
    for name in names:
        path = verdict.policy["calibrations"].get(name)
        if path is None:
            says.append(f"{name} was never held against people: what it says decides nothing")
            continue
        try:
            tables += filter(None, [table_of(Calibration.load(folder / path))])
        except LabError as error:
            says.append(str(error))
    return Section("Judges beside people", says, tables)


def limits(verdict: Verdict, run: EvalRun, named: Sequence[str]) -> Section:
    """What is known to be wrong or not known, by the author and by the records."""
    return Section("Known limits", [*named, *_seen_limits(verdict, run)])


def _seen_limits(verdict: Verdict, run: EvalRun) -> Iterator[str]:
    for check in verdict.checks:
        if check.outcome != "pass":
            yield f"{check.name} is {check.outcome}: {check.says}"
    wrong = run.frame.filter(~pl.col("passed"))["case_id"].unique(maintain_order=True)
    if len(wrong):
        yield f"wrong answers to {quantities.counted(len(wrong), 'case')}: {_listed(wrong)}"
    unseen = {r.case.id for r in run.results if r.case.reviewed_by is None}
    if unseen:
        yield f"no review is recorded of {quantities.counted(len(unseen), 'case')}"
    few = run.rates("tags").filter(pl.col("n") < _FEW)["tags"].unique().sort()
    if len(few):
        yield f"fewer than {_FEW} answers stand for: {_listed(few)}"
    if verdict.prompt is not None and verdict.prompt.dirty:
        yield "the prompt that was tested is in no commit"


def _listed(names: pl.Series) -> str:
    shown = ", ".join(map(str, names[:_NAMES_SHOWN].to_list()))
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown or "–"


def record(found: object) -> Section:
    """A section for anything that shows itself: a drift report, a history, a log …"""
    table, title = table_of(found), _in_words(type(found).__name__)
    if table is None:
        return Section(title, texts=[str(found)])
    return Section(title, tables=[table])


def _in_words(name: str) -> str:
    """`DecisionLog` → `Decision log`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _plain(rows: Sequence[tuple[str, str]]) -> Table:
    return Table("", "", ("", ""), rows)
