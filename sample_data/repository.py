"""The shop's Git repository: three versions of the prompt, by two people, and the gate's policy.

python -m sample_data.repository out/shop
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from dulwich.repo import Repo

HERE = Path(__file__).parent
PROMPT = "prompts/support-assistant.md"
_INES = "Ines Arvelo <ines@larkmoor.example>"
_VERSIONS = {
    1: (_INES, datetime(2026, 2, 20, 9, 30, tzinfo=UTC), "Answer from the help pages only"),
    2: (_INES, datetime(2026, 3, 5, 15, 10, tzinfo=UTC), "Be shorter, and name the page"),
    3: (
        "Jonas Wirth <jonas@larkmoor.example>",
        datetime(2026, 3, 13, 11, 45, tzinfo=UTC),
        "Add the tone rules of the brand team, with examples",
    ),
}


def make_repository(folder: Path, *, user: str | None = None) -> Path:
    """The folder, a repository with a commit and a tag for each version of the prompt.

    `user`, "name <address>", is who commits there from now on.
    """
    folder.mkdir(parents=True)
    repository = Repo.init(str(folder), default_branch=b"main")
    with repository:
        if user is not None:
            name, _, address = user.rstrip(">").partition(" <")
            config = repository.get_config()
            config.set("user", "name", name)
            config.set("user", "email", address)
            config.write_to_path()
        for version, (author, at, subject) in _VERSIONS.items():
            content = (HERE / "prompts" / f"support-assistant.v{version}.md").read_bytes()
            _write(folder / PROMPT, content)
            _write(folder / "evals" / "gate.toml", (HERE / "gate.toml").read_bytes())
            _write(folder / "evals" / "golden.jsonl", _golden())
            tree = repository.get_worktree()
            tree.stage([PROMPT, "evals/gate.toml", "evals/golden.jsonl"])
            sha = tree.commit(
                message=f"{subject}\n".encode(),
                author=author.encode(),
                committer=author.encode(),
                author_timestamp=at.timestamp(),
                commit_timestamp=at.timestamp(),
                author_timezone=0,
                commit_timezone=0,
            )
            repository.refs[f"refs/tags/v{version}".encode()] = sha
    return folder


def _golden() -> bytes:
    return (HERE / "golden" / "golden.jsonl").read_bytes()


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


if __name__ == "__main__":
    print(make_repository(Path(sys.argv[1])))
