"""The secret that masks are made with."""

import os
import secrets
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Final

VARIABLE: Final = "LLMOPS_LAB_REDACTION_KEY"
_FILE: Final = Path(".llmops_lab", "redaction.key")


def mask_key() -> bytes:
    """The key of the environment variable, or else the one kept in the home folder.

    Who knows a key can tell whether a mask stands for a value they guess, so the key is random,
    never leaves the machine by itself and is readable by its owner only.
    """
    given = os.environ.get(VARIABLE)
    return given.encode() if given else _kept(Path.home() / _FILE)


@lru_cache(maxsize=4)
def _kept(file: Path) -> bytes:
    """The key in the file, which is made if it is not there."""
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        _make(file)
        return file.read_bytes()
    except OSError as error:
        warnings.warn(
            f"no place to keep a redaction key ({error}): masks are the same within this session "
            f"only; set {VARIABLE} to keep them",
            stacklevel=2,
        )
        return secrets.token_bytes(32)


def _make(file: Path) -> None:
    """Write a random key whole or not at all; the first of two writers wins."""
    if file.exists():
        return
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as written:
        written.write(secrets.token_bytes(32))
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
