"""A UMAP map in a process of its own: `python -m llmops_lab._scan.map_process`.

Reads a line of JSON, `[seed, rows, columns]`, and a float32 matrix from standard input, and ends
when that closes. Writes lines of JSON, `[stage, share]` or `[null, error]`; after the line
`[null, null]` come two float32 per row.
"""

import json
import os
import sys
from threading import Thread
from typing import BinaryIO

import numpy as np

from llmops_lab._scan.landmarks import umap_map


def main() -> None:
    """Answer one request."""
    answers = os.fdopen(os.dup(1), "wb")
    # What libraries print must not come between.
    os.dup2(2, 1)
    asked = sys.stdin.buffer
    seed, n_rows, n_columns = json.loads(asked.readline())
    given = asked.read(4 * n_rows * n_columns)
    matrix = np.frombuffer(given, dtype=np.float32).reshape(n_rows, n_columns)
    Thread(target=_end_with, args=(asked,), daemon=True).start()

    def tell(stage: str | None, told: float | str | None) -> None:
        answers.write(json.dumps([stage, told]).encode() + b"\n")
        answers.flush()

    try:
        positions = umap_map(matrix, seed=seed, progress=tell)
    except Exception as error:
        tell(None, f"{type(error).__name__}: {error}"[:300])
        return
    tell(None, None)
    answers.write(positions.tobytes())
    answers.close()


def _end_with(asked: BinaryIO) -> None:
    """Nobody waits any longer when the other side closes, or is gone."""
    asked.read()
    os._exit(0)


if __name__ == "__main__":
    main()
