"""Files that two notebooks may write at once: a lock beside the file, a swap at the end."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from llmops_lab.errors import LabError


@contextmanager
def locked(path: Path, *, timeout_s: float = 30.0) -> Generator[None]:
    """Hold the only right to change `path`, under whichever name.

    Raises LabError if another holds it longer than `timeout_s`.
    """
    from filelock import FileLock, Timeout

    file = path.resolve()
    try:
        with FileLock(file.with_name(f".{file.name}.lock"), timeout=timeout_s):
            yield
    except Timeout:
        raise LabError(
            f"{path} is being written by another notebook or process; try again when it is done"
        ) from None


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
