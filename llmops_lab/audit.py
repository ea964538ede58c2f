"""The documentation of a model's behaviour, for those who have to answer for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmops_lab._atomic import write_atomically
from llmops_lab._audit import sections as parts
from llmops_lab._audit.page import Section, as_markdown, as_page
from llmops_lab._cases.case import now
from llmops_lab._display import Table
from llmops_lab._gates.verdict import Verdict
from llmops_lab._quantities import counted, moment
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import LabError

__all__ = ["Dossier", "dossier"]


@dataclass(frozen=True)
class Dossier:
    """What was tested, on what, with which result, by whom approved, and what is not known."""

    title: str
    made_at: str
    sections: tuple[Section, ...] = field(repr=False)

    @property
    def subtitle(self) -> str:
        return (
            f"made {moment(self.made_at)} from the records of the run, its gate and the repository"
        )

    def markdown(self) -> str:
        """As Markdown; texts of cases and models are escaped."""
        return as_markdown(self.title, self.subtitle, self.sections)

    def html(self) -> str:
        """As one HTML page that loads nothing, for screen, light or dark, and paper."""
        return as_page(self.title, self.subtitle, self.sections)

    def save(self, path: str | Path) -> Path:
        """Write it, as .md or .html by the name of the file; returns the path."""
        file = Path(path)
        kinds = {".md": self.markdown, ".html": self.html}
        if file.suffix not in kinds:
            raise LabError(f"a dossier ends in .md or .html; {file.name} does not")
        write_atomically(file, kinds[file.suffix]().encode())
        return file

    def __str__(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        rows = [(each.title, _holds(each)) for each in self.sections]
        note = '.save("dossier.html") writes the whole, for the screen and for paper; or .md'
        return Table(self.title, self.subtitle, ("section", "holds"), rows, [note]).html()


def _holds(section: Section) -> str:
    """What a section says first, else what its tables are called."""
    named = [table.title for table in section.tables if table.title]
    rows = sum(len(table.rows) for table in section.tables)
    return next(iter(section.says), "") or ", ".join(named) or counted(rows, "fact")


def dossier(
    verdict: Verdict,
    run: EvalRun,
    *,
    records: Sequence[object] = (),
    limits: Sequence[str] = (),
    repository: str | Path = ".",
) -> Dossier:
    """The documentation of a run and its verdict for audits.

    Sections: what is to ship, what was tested, where the cases came from, results with the
    policy, approval, judges beside people, known limits. `limits` are yours, in sentences; the
    records add what they show: checks that did not pass, wrong cases, cases nobody reviewed,
    tags with few answers. `records` is whatever else belongs there and shows itself: a
    DriftReport, `history(prompt)`, a DecisionLog. No text of a case is in it, only ids, unless
    a record shows one, as a Comparison does. Raises LabError when the verdict is on another run.
    """
    if verdict.run_id != run.run_id:
        raise LabError(f"the verdict is on run {verdict.run_id}, not on {run.run_id}")
    found = [
        parts.subject(verdict, run),
        parts.tests(verdict, run),
        parts.provenance(run),
        parts.results(verdict, run),
        parts.approvals(verdict, repository),
        parts.judges(verdict, run, repository),
        *(parts.record(each) for each in records),
        parts.limits(verdict, run, limits),
    ]
    name = run.plan.target if verdict.prompt is None else verdict.prompt.name
    title = f"Behaviour of {name}: {verdict.outcome}"
    return Dossier(title, now(), tuple(section for section in found if section is not None))
