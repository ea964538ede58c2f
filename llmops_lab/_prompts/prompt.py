"""A prompt in a file, as it stands in the working tree or stood at a commit."""

import html
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from llmops_lab._cases.case import Json, shorten
from llmops_lab._display import Shown, Table
from llmops_lab._git import Repository, blob_sha
from llmops_lab._prompts.text import filled, parted, variables_in
from llmops_lab.errors import FormatError, LabError

_BODY = (
    "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;font-size:12px;"
    "margin:6px 0 0;opacity:.9"
)


@dataclass(frozen=True)
class PromptVersion:
    """Which prompt a run was made with: its file, the commit and hash of its content.

    `dirty` says that no commit holds this content under this path.
    """

    path: str
    git_sha: str | None
    blob_sha: str
    dirty: bool
    name: str = ""
    version: str | None = None

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        where = (self.git_sha or "no commit")[:9] + (" with changes" if self.dirty else "")
        return f"{self.name or self.path}{version} ({where})"


@dataclass(frozen=True)
class Example:
    """A question and the answer that the model is shown for it."""

    input: str
    output: str


@dataclass(frozen=True, repr=False)
class Prompt(Shown):
    """One version of a prompt file: front matter, and a body with `{{variables}}`.

    Front matter may hold name, version, model, parameters, variables and examples (few-shot:
    input and output each); other keys are kept. `blob_sha` is Git's hash of the content,
    `git_sha` the commit that gave the file this content; for a `dirty` prompt the last commit
    before the change, None outside of Git. `tracked_as` is the path in the repository.
    """

    path: Path
    front_matter: dict[str, Any]
    body: str = field(repr=False)
    blob_sha: str
    git_sha: str | None = None
    dirty: bool = True
    tracked_as: str | None = None

    def __post_init__(self) -> None:
        named, used = self.front_matter.get("variables"), variables_in(self.body)
        if named is not None and (odd := set(used) ^ set(map(str, named))):
            names = ", ".join(sorted(odd))
            raise FormatError(
                f"{self.path}: {names} stands only in one of front matter and body; "
                "`variables` lists every {{variable}} of the body, or is left out"
            )
        _ = self.examples  # a broken example is to be told when the file is read

    @classmethod
    def load(cls, path: str | Path, rev: str | None = None) -> "Prompt":
        """The prompt in a file, or as it was at a commit, branch or tag `rev`.

        Raises LabError when there is no such file or revision, FormatError for a file that is
        no prompt.
        """
        file = Path(path)
        repository = Repository.around(file)
        if rev is not None:
            return _at(file, repository, rev)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise LabError(f"no prompt {file}: {error.strerror}") from error
        front, body = parted(data, file.name)
        tracked = None if repository is None else repository.relative(file)
        last = None
        if repository is not None and tracked is not None:
            last = next(repository.revisions(tracked), None)
        # A checkout may write other line ends than are committed.
        hashes = [blob_sha(each) for each in (data, data.replace(b"\r\n", b"\n"))]
        clean = last is not None and last.blob_sha in hashes and last.path == tracked
        return cls(
            file,
            front,
            body,
            last.blob_sha if last is not None and clean else hashes[0],
            None if last is None else last.sha,
            not clean,
            tracked,
        )

    @property
    def name(self) -> str:
        return str(self.front_matter.get("name") or self.path.stem)

    @property
    def version(self) -> str | None:
        """What the front matter calls this version."""
        found = self.front_matter.get("version")
        return None if found is None else str(found)

    @property
    def model(self) -> str | None:
        found = self.front_matter.get("model")
        return None if found is None else str(found)

    @property
    def parameters(self) -> dict[str, Any]:
        """What goes to the model beside the text, such as temperature."""
        return dict(self.front_matter.get("parameters") or {})

    @property
    def variables(self) -> tuple[str, ...]:
        """What `render` must be given."""
        return tuple(variables_in(self.body))

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """Few-shot examples: from `examples` in the front matter."""
        try:
            return msgspec.convert(self.front_matter.get("examples") or [], tuple[Example, ...])
        except msgspec.ValidationError as error:
            raise FormatError(f"{self.path}: examples have input and output: {error}") from error

    @property
    def reference(self) -> PromptVersion:
        """Which version this is, as a run records it."""
        path = self.tracked_as or self.path.name
        return PromptVersion(path, self.git_sha, self.blob_sha, self.dirty, self.name, self.version)

    def render(self, /, **variables: Json) -> str:
        """The body with every `{{variable}}` filled in; raises LabError for a wrong set of them.

        Nothing is evaluated, and values are never read as templates themselves.
        """
        return filled(self.body, variables)

    def messages(self, /, **variables: Json) -> list[dict[str, str]]:
        """The body as system message, then the examples as a talk that went before."""
        shown = [{"role": "system", "content": self.render(**variables)}]
        for example in self.examples:
            shown.append({"role": "user", "content": example.input})
            shown.append({"role": "assistant", "content": example.output})
        return shown

    def __str__(self) -> str:
        return f"{self._table().text()}\n\n{self.body}"

    def _repr_html_(self) -> str:
        return f"{self._table().html()}<pre style='{_BODY}'>{html.escape(self.body)}</pre>"

    def _table(self) -> Table:
        rows = [
            ("model", self.model or "–"),
            ("parameters", ", ".join(f"{k}={v}" for k, v in self.parameters.items()) or "–"),
            ("variables", ", ".join(self.variables) or "–"),
            ("examples", str(len(self.examples))),
            ("begins", shorten(self.body)),
        ]
        return Table(f"Prompt {self.reference}", self.tracked_as or str(self.path), ("", ""), rows)


def _at(file: Path, repository: Repository | None, rev: str) -> Prompt:
    if repository is None:
        raise LabError(f"{file} lies in no Git repository, so it has no revision {rev!r}")
    tracked, commit = repository.relative(file), repository.commit(rev)
    found = None
    if repository.blob(commit, tracked) is not None:
        found = next(repository.revisions(tracked, rev), None)
    else:  # it had another name then
        sha = commit.id.decode()
        found = next((each for each in repository.revisions(tracked) if each.sha == sha), None)
    if found is None:
        raise LabError(f"there was no {tracked} at {rev!r}; history(prompt) lists its versions")
    front, body = parted(repository.content(found.blob_sha), f"{file.name} at {rev}")
    return Prompt(file, front, body, found.blob_sha, found.sha, False, tracked)
