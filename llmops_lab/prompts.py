"""Prompts as code: versions from Git, what differs, what each served and how it was tested."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from llmops_lab._atomic import locked, write_atomically
from llmops_lab._display import Shown, Table
from llmops_lab._git import Repository, Revision
from llmops_lab._prompts.difference import PromptDiff, difference
from llmops_lab._prompts.matching import TraceVersion, matched
from llmops_lab._prompts.prompt import Example, Prompt, PromptVersion
from llmops_lab._rates import rate_columns
from llmops_lab._runs.run import EvalRun
from llmops_lab.errors import LabError
from llmops_lab.summary import summarize
from llmops_lab.traces import Traces

__all__ = [
    "Example",
    "History",
    "Prompt",
    "PromptDiff",
    "PromptVersion",
    "Rollback",
    "diff",
    "history",
    "prompt_results",
    "rollback",
    "served",
]

_SERVED = {"prompt_name": pl.String, "prompt_version": pl.String}
_MEASURES = (
    "n",
    "cost_usd",
    "cost_usd_mean",
    "duration_s_p50",
    "duration_s_p95",
    *(f"error_rate{end}" for end in ("", "_low", "_high")),
    *(f"guardrail_rate{end}" for end in ("", "_low", "_high")),
    *(f"negative_feedback_rate{end}" for end in ("", "_low", "_high")),
)


@dataclass(frozen=True, repr=False)
class History(Shown):
    """The versions of a prompt in Git, newest first; `frame` has a row per version.

    Columns: git_sha, blob_sha, path, version (of the front matter), tags, at, author, subject.
    """

    prompt: Prompt
    revisions: tuple[Revision, ...]
    frame: pl.DataFrame

    def __len__(self) -> int:
        return len(self.revisions)

    def _table(self) -> Table:
        rows = [
            (
                row["git_sha"][:9],
                row["version"] or "–",
                ", ".join(row["tags"]) or "–",
                f"{row['at']:%d %b %Y}",
                row["author"],
                row["subject"],
            )
            for row in self.frame.iter_rows(named=True)
        ]
        columns = ("commit", "version", "tags", "date", "author", "change")
        note = ["the working tree holds a change that no commit has"] if self.prompt.dirty else []
        subtitle = f"{len(self)} versions of {self.prompt.tracked_as}"
        return Table(f"History of {self.prompt.name}", subtitle, columns, rows, callouts=note)


@dataclass(frozen=True)
class Rollback:
    """A prompt's way back to an older version: look at `diff`, then `write()`."""

    prompt: Prompt
    to: Prompt
    diff: PromptDiff

    def write(self) -> Prompt:
        """Put the old content in the working tree, as a change to commit; returns the prompt.

        The commits stay as they are. Raises LabError when the file changed in the meantime.
        """
        with locked(self.prompt.path):
            if Prompt.load(self.prompt.path).blob_sha != self.prompt.blob_sha:
                raise LabError(f"{self.prompt.path} changed meanwhile; call rollback again")
            write_atomically(self.prompt.path, _repository(self.prompt).content(self.to.blob_sha))
        return Prompt.load(self.prompt.path)

    def __str__(self) -> str:
        return str(self.diff)

    def _repr_html_(self) -> str:
        return self.diff._repr_html_()  # pyright: ignore[reportPrivateUsage]


def history(prompt: Prompt) -> History:
    """Every version of a prompt that Git holds, newest first, followed through renames.

    Tags are those under which the file has this content. Raises LabError outside of Git.
    """
    repository, path = _repository(prompt), prompt.tracked_as or ""
    revisions = tuple(repository.revisions(path))
    tagged = [(name, repository.blob(commit, path)) for name, commit in repository.tags().items()]
    records = [
        {
            "git_sha": each.sha,
            "blob_sha": each.blob_sha,
            "path": each.path,
            "version": Prompt.load(prompt.path, each.sha).version,
            "tags": [name for name, blob in tagged if blob == each.blob_sha],
            "at": each.at,
            "author": each.author.name,
            "subject": each.subject,
        }
        for each in revisions
    ]
    schema = {"git_sha": pl.String, "blob_sha": pl.String, "path": pl.String}
    schema |= {"version": pl.String, "tags": pl.List(pl.String), "at": pl.Datetime("us", "UTC")}
    schema |= {"author": pl.String, "subject": pl.String}
    return History(prompt, revisions, pl.DataFrame(records, schema=schema))


def diff(before: Prompt, after: Prompt) -> PromptDiff:
    """What changed from one prompt to another, in front matter and body, by line and word."""
    return difference(before, after)


def rollback(prompt: Prompt, rev: str) -> Rollback:
    """The way back to how a prompt was at `rev`; nothing is written before its `write()`.

    Raises LabError when the file holds a change that no commit has, since that would be lost.
    """
    if prompt.dirty:
        raise LabError(f"{prompt.path} has changes that no commit holds; commit or undo them first")
    then = Prompt.load(prompt.path, rev)
    return Rollback(prompt, then, difference(prompt, then))


def served(traces: Traces, prompts: Prompt | Sequence[Prompt]) -> pl.DataFrame:
    """What each version of a prompt served in production, and how that went.

    Traces name their prompt by `prompt_name` and `prompt_version`; a version is found by what
    the front matter calls it, a tag, a commit or a content hash (7 characters or more), in the
    history of the given prompt files. One row per name and version of the traces:
    prompt_name, prompt_version, path, git_sha, blob_sha, matched_by (null where nothing
    matched), n, cost_usd, cost_usd_mean, duration_s_p50, duration_s_p95, and error_rate,
    guardrail_rate and negative_feedback_rate with _low and _high.
    """
    given = [prompts] if isinstance(prompts, Prompt) else list(prompts)
    used = summarize(traces, by=("prompt_name", "prompt_version")).frame
    keys = used.select(*_SERVED).rows()
    found = matched((TraceVersion(*key) for key in keys), given)
    columns = ("path", "git_sha", "blob_sha", "matched_by")
    where = pl.DataFrame(found, schema=dict.fromkeys(columns, pl.String), orient="row")
    return pl.concat([used.select(*_SERVED), where, used.select(_MEASURES)], how="horizontal")


def prompt_results(runs: EvalRun | Iterable[EvalRun]) -> pl.DataFrame:
    """How each version of a prompt did in evals; one row per run of a prompt, in their order.

    Columns: prompt_name, prompt_version, path, git_sha, blob_sha, dirty, run_id, target, cases
    (the golden set's file), golden_hash, started_at, n, passed with passed_low and passed_high
    (95 %), n_errors, cost_usd, duration_s_p50. Runs that were made without a prompt are left out.
    """
    given = [runs] if isinstance(runs, EvalRun) else list(runs)
    rows = [_tested(run, run.plan.prompt) for run in given if run.plan.prompt is not None]
    if not rows:
        raise LabError("none of these runs was made from a prompt; evaluate Prompted(prompt, ...)")
    frame = pl.DataFrame(rows, infer_schema_length=None)
    rates = frame.with_columns(*rate_columns("passed"))
    order = ("n_errors", "cost_usd", "duration_s_p50")
    shown = rates.drop("_passed_hits", "passed_n", *order)
    return shown.hstack(rates.select(order))


def _tested(run: EvalRun, prompt: PromptVersion) -> dict[str, Any]:
    frame = run.frame
    scored = frame["passed"].drop_nulls()
    return {
        "prompt_name": prompt.name,
        "prompt_version": prompt.version,
        "path": prompt.path,
        "git_sha": prompt.git_sha,
        "blob_sha": prompt.blob_sha,
        "dirty": prompt.dirty,
        "run_id": run.run_id,
        "target": run.plan.target,
        "cases": run.plan.golden,
        "golden_hash": run.plan.golden_hash,
        "started_at": run.plan.started_at,
        "n": frame.height,
        "_passed_hits": int(scored.sum()),
        "passed_n": len(scored),
        "n_errors": int(frame["error"].count()),
        "cost_usd": frame["cost_usd"].sum() if frame["cost_usd"].count() else None,
        "duration_s_p50": frame["duration_s"].median(),
    }


def _repository(prompt: Prompt) -> Repository:
    found = Repository.around(prompt.path)
    if found is None:
        raise LabError(f"{prompt.path} lies in no Git repository; run `git init` and commit it")
    return found
