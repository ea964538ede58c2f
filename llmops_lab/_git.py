"""What Git knows of a file, read from the repository itself (dulwich): no `git` is called."""

import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmops_lab.errors import LabError

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo

_PERSON = re.compile(r"\s*(.*?)\s*<([^<>]*)>")
_TRAILER = re.compile(r"^([A-Za-z-]+):\s*(.+?)\s*$")
_TAGS = b"refs/tags/"
_OBJECTS_KEPT = 4096


@dataclass(frozen=True)
class Person:
    """Who Git says did something; anybody can claim any name and address."""

    name: str
    email: str

    @classmethod
    def of(cls, text: str) -> "Person":
        found = _PERSON.match(text)
        return cls(found[1], found[2].strip()) if found else cls(text.strip(), "")

    @property
    def known_as(self) -> set[str]:
        """Name and address as they are compared."""
        return {self.name.casefold(), self.email.casefold()} - {""}

    def is_same_as(self, other: "Person") -> bool:
        """They share a name or an address."""
        return bool(self.known_as & other.known_as)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True)
class Revision:
    """A commit that gave a file the content `blob_sha`; `path` is what it was called then."""

    sha: str
    blob_sha: str
    path: str
    author: Person
    committer: Person
    at: datetime
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0].strip()

    def trailers(self, name: str) -> list[str]:
        """Values of the `name: value` lines in the last paragraph of the message."""
        last = self.message.strip().rsplit("\n\n", 1)[-1].splitlines()
        found = (match for line in last if (match := _TRAILER.match(line)))
        return [match[2] for match in found if match[1].casefold() == name.casefold()]

    @property
    def authors(self) -> list[Person]:
        """The author, and whoever is named as co-author."""
        return [self.author, *map(Person.of, self.trailers("Co-authored-by"))]


@dataclass(frozen=True)
class Repository:
    """A Git repository; paths in it are relative to its root, with slashes."""

    root: Path

    @classmethod
    def around(cls, path: str | Path) -> "Repository | None":
        """The repository that a file or folder lies in, None outside of any."""
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo

        place = Path(path).resolve()
        try:
            with closing(Repo.discover(str(place if place.is_dir() else place.parent))) as repo:
                return cls(Path(repo.path).resolve())
        except NotGitRepository:
            return None

    @cached_property
    def repo(self) -> "Repo":
        """The opened repository; it reads what is committed anew each time."""
        from dulwich.repo import Repo

        opened = Repo(str(self.root))
        weakref.finalize(self, opened.close)
        return opened

    @cached_property
    def _object(self) -> Callable[[Any], Any]:
        """An object by its hash; most folders are the same from commit to commit."""
        return lru_cache(_OBJECTS_KEPT)(self.repo.object_store.__getitem__)

    def relative(self, path: str | Path) -> str:
        """The name of a file in this repository."""
        return Path(path).resolve().relative_to(self.root).as_posix()

    def head(self) -> str | None:
        """The commit that is checked out, None before the first."""
        try:
            return self.repo.head().decode()
        except KeyError:
            return None

    def commit(self, rev: str) -> "Commit":
        """The commit of a branch, tag, hash or expression such as HEAD~2; else LabError."""
        from dulwich.objectspec import parse_commit, parse_object

        # Of the two only one reads hashes that are cut short, and only the other HEAD~2.
        expression = any(sign in rev for sign in "~^@")
        try:
            found = parse_object(self.repo, rev) if expression else rev
            return parse_commit(self.repo, found)  # type: ignore[arg-type]
        except (KeyError, ValueError, AssertionError) as error:
            raise LabError(f"no commit {rev!r} in {self.root}; see `git log --oneline`") from error

    def blob(self, commit: "Commit", path: str) -> str | None:
        """The hash of a file's content at a commit, None where there was no such file."""
        from dulwich.object_store import tree_lookup_path
        from dulwich.objects import NotTreeError  # pyright: ignore[reportPrivateImportUsage]

        try:
            _, sha = tree_lookup_path(self._object, commit.tree, path.encode())
        except (KeyError, NotTreeError):
            return None
        return sha.decode()

    def content(self, blob_sha: str) -> bytes:
        """The bytes of a content."""
        return self.repo[blob_sha.encode()].as_raw_string()

    def revisions(self, path: str, rev: str = "HEAD") -> Iterator[Revision]:
        """The commits that changed a file, newest first, followed through renames.

        A merge counts only where it differs from all that it merged.
        """
        if rev == "HEAD" and self.head() is None:
            return
        start = self.commit(rev)
        for entry in self.repo.get_walker(include=[start.id]):
            commit, now = entry.commit, self.blob(entry.commit, path)
            if now is None:
                continue
            parents = [self._object(sha) for sha in commit.parents if sha in self.repo]
            before = [self.blob(parent, path) for parent in parents]  # type: ignore[arg-type]
            if now in before:
                continue
            yield _revision(commit, now, path)
            if not any(before) and parents:
                path = self._renamed_from(parents[0], commit, path) or path

    def commits(self, rev: str = "HEAD") -> Iterator[Revision]:
        """All commits, newest first."""
        for entry in self.repo.get_walker(include=[self.commit(rev).id]):
            yield _revision(entry.commit, "", "")

    def files(self, folder: str) -> dict[str, bytes]:
        """The files right in a folder, as they are committed at HEAD."""
        from dulwich.object_store import iter_tree_contents

        head = self.head()
        if head is None:
            return {}
        store, inside = self.repo.object_store, f"{folder}/"
        entries = iter_tree_contents(store, self.commit(head).tree)
        names = {entry.path.decode("utf-8", "replace"): entry.sha for entry in entries}
        return {
            name: self.content(sha.decode())
            for name, sha in names.items()
            if name.startswith(inside) and "/" not in name.removeprefix(inside)
        }

    def user(self) -> Person:
        """Who commits here, by Git's configuration and environment."""
        from dulwich.repo import get_user_identity

        identity = get_user_identity(self.repo.get_config_stack(), "AUTHOR")
        return Person.of(identity.decode("utf-8", "replace"))

    def signature(self, sha: str) -> tuple[bytes, bytes | None]:
        """What was signed of a commit, and the signature; None where it has none."""
        commit = self.commit(sha)
        return commit.raw_without_sig(), commit.gpgsig

    def signs_with_ssh(self) -> bool:
        """Git has an SSH key here to sign commits with."""
        config = self.repo.get_config_stack()
        try:
            return config.get((b"gpg",), b"format") == b"ssh" and bool(
                config.get((b"user",), b"signingkey")
            )
        except KeyError:
            return False

    def commit_files(self, paths: list[Path], message: str, *, signed: bool = False) -> str:
        """Commit just these files, signed where that is asked or Git is set up so; the hash.

        Raises LabError when other changes are staged, since they would go along.
        """
        names, tree = [self.relative(path) for path in paths], self.repo.get_worktree()
        head = self.head()
        before = None if head is None else self.commit(head).tree
        store = self.repo.object_store
        changes = self.repo.open_index().changes_from_tree(store, before)
        staged = {path.decode("utf-8", "replace") for pair, *_ in changes for path in pair if path}
        if others := sorted(staged - set(names)):
            raise LabError(f"{', '.join(others[:3])} is staged too; commit or unstage it first")
        tree.stage(names)
        return tree.commit(message.encode(), sign=signed or None).decode()

    def tags(self) -> dict[str, "Commit"]:
        """The tags that lead to a commit."""
        from dulwich.objects import Commit, Tag

        found: dict[str, Commit] = {}
        for ref, sha in sorted(self.repo.refs.as_dict().items()):
            if ref.startswith(_TAGS):
                target: Any = self.repo[sha]
                while isinstance(target, Tag):
                    target = self.repo[target.object[1]]
                if isinstance(target, Commit):
                    found[ref.removeprefix(_TAGS).decode("utf-8", "replace")] = target
        return found

    def _renamed_from(self, parent: Any, commit: "Commit", path: str) -> str | None:
        from dulwich.diff_tree import CHANGE_RENAME, RenameDetector, tree_changes

        store = self.repo.object_store
        changes = tree_changes(
            store, parent.tree, commit.tree, rename_detector=RenameDetector(store)
        )
        for change in changes:
            old, new = change.old, change.new
            if change.type == CHANGE_RENAME and old and new and new.path == path.encode():
                return (old.path or b"").decode("utf-8", "replace")
        return None


def blob_sha(data: bytes) -> str:
    """The hash that Git gives such a content."""
    from dulwich.objects import Blob

    return Blob.from_string(data).id.decode()


def _revision(commit: "Commit", blob: str, path: str) -> Revision:
    return Revision(
        sha=commit.id.decode(),
        blob_sha=blob,
        path=path,
        author=Person.of(commit.author.decode("utf-8", "replace")),
        committer=Person.of(commit.committer.decode("utf-8", "replace")),
        at=datetime.fromtimestamp(commit.commit_time, UTC),
        message=commit.message.decode("utf-8", "replace"),
    )
