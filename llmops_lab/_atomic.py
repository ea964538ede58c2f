"""Files that two notebooks may write at once: a lock beside the file, a swap at the end."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from llmops_lab.errors import LabError


@contextmanager
def locked(path: Path, *, timeout_s: float = 30.0) -> Generator[None]:
    """Hold the only right to change `path`; raises LabError if another holds it too long."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=timeout_s):
            yield
    except Timeout:
        raise LabError(
            f"{path} is being written by another notebook or process; try again when it is done"
        ) from None


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` in `path` so that a reader sees the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
