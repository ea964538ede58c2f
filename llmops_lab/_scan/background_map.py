"""A UMAP map that is made beside the kernel: it takes no lock and no time from it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from llmops_lab._scan.landmarks import Matrix, Progress

_ROOT = Path(__file__).resolve().parents[2]
_NICENESS = 5

Done = Callable[[Matrix | None, str | None], None]


class BackgroundMap:
    """A process that makes the map; `progress` and `done` are called from a thread.

    `done` gets the positions, or None and what went wrong. After `stop`, neither is called.
    """

    def __init__(self, matrix: Matrix, seed: int, progress: Progress, done: Done) -> None:
        self._progress, self._done = progress, done
        self._stopped = False
        paths = [str(_ROOT), os.environ.get("PYTHONPATH")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "llmops_lab._scan.map_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            start_new_session=True,  # an interrupt of the kernel is not meant for it
        )
        with suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)
        self._thread = Thread(target=self._listen, args=(matrix, seed), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the process; what it was making is not wanted any more."""
        self._stopped = True
        self._process.kill()
        self._thread.join()

    def wait(self) -> None:
        """Until the map is there, or cannot be made."""
        self._thread.join()

    def _listen(self, matrix: Matrix, seed: int) -> None:
        try:
            positions, error = self._asked(matrix, seed)
        except (OSError, ValueError, EOFError) as trouble:
            positions, error = None, f"the process ended early ({trouble})"
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()
        if not self._stopped:
            self._done(positions, error)

    def _asked(self, matrix: Matrix, seed: int) -> tuple[NDArray[np.float32] | None, str | None]:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None  # noqa: S101 - both are pipes
        assert answers is not None  # noqa: S101
        asked.write(json.dumps([seed, *matrix.shape]).encode() + b"\n")
        asked.write(np.ascontiguousarray(matrix, dtype=np.float32).data)
        asked.flush()
        for line in answers:
            stage, told = json.loads(line)
            if stage is not None:
                if not self._stopped:
                    self._progress(stage, told)
            elif told is not None:
                return None, str(told)
            else:
                given = answers.read(8 * len(matrix))
                return np.frombuffer(given, dtype=np.float32).reshape(len(matrix), 2), None
        raise EOFError("no answer")
