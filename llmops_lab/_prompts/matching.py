"""Which version of a prompt file a trace means by the name and version that it carries."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmops_lab._git import Repository
from llmops_lab._prompts.prompt import Prompt
from llmops_lab.errors import LabError

Match = tuple[str | None, str | None, str | None, str | None]
"""path, git_sha, blob_sha, matched_by"""

_HASH = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True)
class TraceVersion:
    """The name and version of a prompt as traces carry them."""

    name: str | None
    version: str | None


def matched(wanted: Iterable[TraceVersion], prompts: Sequence[Prompt]) -> list[Match]:
    """For each name and version the file, commit and content that it means, and how it says so."""
    files = [_Versions.of(prompt) for prompt in prompts]
    nothing: Match = (None, None, None, None)
    return [next(_matches(each, files), nothing) for each in wanted]


def _matches(wanted: TraceVersion, files: Sequence["_Versions"]) -> Iterator[Match]:
    if wanted.version is None:
        return
    for file in files:
        names = (file.prompt.name, file.prompt.tracked_as, file.prompt.path.name)
        found = file.match(wanted.version) if wanted.name in names else None
        if found is not None:
            yield found


@dataclass(frozen=True)
class _Versions:
    """A prompt file and what its versions are called."""

    prompt: Prompt
    repository: Repository | None
    known: list[Prompt]

    @classmethod
    def of(cls, prompt: Prompt) -> "_Versions":
        repository = Repository.around(prompt.path)
        if repository is None or prompt.tracked_as is None:
            return cls(prompt, None, [prompt])
        revisions = repository.revisions(prompt.tracked_as)
        older = [Prompt.load(prompt.path, each.sha) for each in revisions]
        return cls(prompt, repository, [prompt, *older])

    def match(self, version: str) -> Match | None:
        """By the front matter's own name of the version, by hash, by tag or commit."""
        called = version.removeprefix("v")
        for each in self.known:
            if each.version is not None and each.version.removeprefix("v") == called:
                return self._found(each, "version")
        if _HASH.fullmatch(version):
            for each in self.known:
                if each.blob_sha.startswith(version):
                    return self._found(each, "content")
        return self._at(version)

    def _at(self, version: str) -> Match | None:
        """The content that the file had at a tag or commit."""
        if self.repository is None or self.prompt.tracked_as is None:
            return None
        tag = self.repository.tags().get(version)
        if tag is None and not _HASH.fullmatch(version):
            return None
        try:
            commit = tag or self.repository.commit(version)
        except LabError:
            return None
        blob = self.repository.blob(commit, self.prompt.tracked_as)
        for each in self.known[1:]:
            if blob == each.blob_sha or commit.id.decode() == each.git_sha:
                return self._found(each, "commit" if tag is None else "tag")
        return None

    def _found(self, prompt: Prompt, how: str) -> Match:
        return prompt.tracked_as or prompt.path.name, prompt.git_sha, prompt.blob_sha, how
