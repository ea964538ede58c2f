"""Is a commit signed with a key of the person who made it? OpenSSH says, by `allowed_signers`."""

import os
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from llmops_lab._git import Repository, Revision

_SSH = b"-----BEGIN SSH SIGNATURE-----"
# Git signs under the namespace "git".
_VERIFY = ("ssh-keygen", "-Y", "verify", "-n", "git")


def signature_problem(revision: Revision, repository: Repository, signers: Path) -> str | None:
    """Why a commit is not signed with a key that `signers` gives to its author; None if it is.

    `signers` is a file as `ssh-keygen -Y verify` and Git's gpg.ssh.allowedSignersFile read it:
    an address, then a public key, per line. A key counts if it was valid at the commit's time.
    """
    if not signers.is_file():
        return f"there is no file {signers.name} that says whose key is whose"
    signed, signature = repository.signature(revision.sha)
    if signature is None:
        return "its commit is not signed (git config commit.gpgsign true)"
    if not signature.startswith(_SSH):
        return "its commit is signed, but not with an SSH key (git config gpg.format ssh)"
    try:
        is_good = _verified(signed, signature, revision.author.email, (signers, revision.at))
    except FileNotFoundError:
        return "its signature cannot be read: install OpenSSH (ssh-keygen)"
    if not is_good:
        return f"it is not signed with a key that {signers.name} gives to {revision.author.email}"
    return None


def _verified(signed: bytes, signature: bytes, who: str, by: tuple[Path, datetime]) -> bool:
    signers, at = by
    valid_at = f"-Overify-time={at:%Y%m%d%H%M%S}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "signature")
        file.write_bytes(signature)
        done = subprocess.run(  # noqa: S603 — fixed program, arguments apart
            [*_VERIFY, "-f", str(signers), "-I", who, "-s", str(file), valid_at],
            input=signed,
            capture_output=True,
            check=False,
            env={**os.environ, "TZ": "UTC0"},  # ssh-keygen reads the time as local
        )
    return done.returncode == 0
