"""Files that two notebooks may write at once: a lock beside the file, a swap at the end."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from llmops_lab.errors import LabError


@contextmanager
def locked(path: Path, *, timeout_s: float = 30.0) -> Generator[None]:
    """Hold the only right to change `path`, under whichever name; its folder is made.

    Raises LabError if another holds it longer than `timeout_s`.
    """
    from filelock import Timeout

    file = path.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _held(file.with_name(f".{file.name}.lock"), timeout_s):
            yield
    except Timeout:
        raise LabError(
            f"{path} is being written by another notebook or process; try again when it is done"
        ) from None


@contextmanager
def _held(lock_file: Path, timeout_s: float) -> Generator[None]:
    """Hold a lock whose file is gone when nobody holds it.

    Its holder removes it, so another may have waited for a file that is gone. Whoever opened the
    file before, and finds it under its name still, holds the lock that counts: as long as it is
    open no other file can be taken for it. Else they begin anew.
    """
    from filelock import FileLock

    until = time.monotonic() + timeout_s
    while True:
        left_s = max(0.0, until - time.monotonic())
        with lock_file.open("ab") as opened, FileLock(lock_file, timeout=left_s):
            if _is_at(opened.fileno(), lock_file):
                try:
                    yield
                finally:
                    # Windows keeps an open file; there the lock itself removes it.
                    with suppress(PermissionError):
                        lock_file.unlink(missing_ok=True)
                return


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` in `path` so that a reader sees the old file or the new one, never a part.

    A link stays a link and a file keeps its rights; a new one has those that the umask leaves.
    """
    file = path.resolve()
    beside = file.with_name(f".{file.name}.{token_hex(6)}")
    try:
        with beside.open("xb") as written:
            if file.exists():
                beside.chmod(file.stat().st_mode & 0o777)
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
