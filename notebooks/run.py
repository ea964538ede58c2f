"""Run a notebook from top to bottom, show each cell's progress, print what it found.

    python notebooks/run.py notebooks/01_investigation.ipynb --output out/01_investigation.ipynb

What it found is what the cells tagged `findings` show. Exits with 1 when a cell fails.
"""

import argparse
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.sign import NotebookNotary

CELL_LIMIT_S = 900
WIDTH = 60


class Progress:
    """One line per code cell: its number, what it does, how long it took."""

    def __init__(self, notebook: nbformat.NotebookNode) -> None:
        self._titles = dict(_titles(notebook))
        self._started = 0.0

    def start(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """Say which cell runs now."""
        if cell_index not in self._titles:
            return
        number = list(self._titles).index(cell_index) + 1
        title = self._titles[cell_index][:WIDTH]
        print(f"[{number:2}/{len(self._titles)}] {title:<{WIDTH}}", end=" ", flush=True)
        self._started = time.monotonic()

    def end(self, cell: nbformat.NotebookNode, cell_index: int, **_: Any) -> None:
        """Say how long it took."""
        if cell_index in self._titles:
            print(f"{time.monotonic() - self._started:5.1f} s", flush=True)


def run(source: Path, output: Path) -> nbformat.NotebookNode:
    """The executed notebook, also written to `output`, where a cell failed too."""
    notebook = nbformat.read(source, as_version=4)
    progress = Progress(notebook)
    client = NotebookClient(
        notebook,
        timeout=CELL_LIMIT_S,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(source.parent)}},
        on_cell_start=progress.start,
        on_cell_executed=progress.end,
    )
    try:
        client.execute()
    finally:
        output.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, output)
    # Trusted, as if it had been run in JupyterLab: its widgets show when it is opened.
    NotebookNotary().sign(notebook)
    return notebook


def findings(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """The text of each output of the cells tagged `findings`."""
    for cell in notebook.cells:
        if "findings" in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                yield _plain(output.get("text") or output.get("data", {}).get("text/plain", ""))


def main() -> int:
    """Run the notebook named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if not arguments.notebook.is_file():
        print(f"no notebook {arguments.notebook}", file=sys.stderr)
        return 1
    started = time.monotonic()
    try:
        notebook = run(arguments.notebook, arguments.output)
    except CellExecutionError as error:
        print(f"\n{_plain(str(error))}\nThe notebook so far: {arguments.output}", file=sys.stderr)
        return 1
    print()
    for text in findings(notebook):
        print(text)
    print(f"\nRan in {time.monotonic() - started:.0f} s. The executed notebook: {arguments.output}")
    return 0


def _titles(notebook: nbformat.NotebookNode) -> Iterator[tuple[int, str]]:
    """Position and title of each code cell: the heading over it, or its first line."""
    heading = ""
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            found = re.search(r"^#+ +(.+)$", cell.source, re.MULTILINE)
            heading = found.group(1) if found else heading
        elif cell.cell_type == "code" and cell.source.strip():
            yield position, heading or cell.source.strip().splitlines()[0]
            heading = ""


def _plain(text: str) -> str:
    """Without colour codes and other control characters, which could steer a terminal."""
    uncoloured = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return re.sub(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]", "", uncoloured).rstrip()


if __name__ == "__main__":
    sys.exit(main())
