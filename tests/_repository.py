"""A real Git repository to test with, made by the real `git`."""

import os
import subprocess

_ENV = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_COMMITTER_DATE": "2026-03-02T10:00:00Z",
    "GIT_AUTHOR_DATE": "2026-03-02T10:00:00Z",
}


class GitFolder:
    """A folder under Git; `commit` writes files, commits all and gives the hash."""

    def __init__(self, path):
        self.path = path
        self.git("init", "-q", "-b", "main")
        self.be("Ana", "ana@example.com")

    def git(self, *arguments, **env):
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **_ENV, **env},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def be(self, name, email):
        self.git("config", "user.name", name)
        self.git("config", "user.email", email)

    def commit(self, message, **files):
        for name, text in files.items():
            self.write(name.replace("__", "/") + ".md", text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def write(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file
