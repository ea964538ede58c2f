"""Make the virtual environment and install into it, with one line of progress.

    python scripts/environment.py create FOLDER
    python scripts/environment.py install FOLDER WHAT PIP-ARGUMENT...

Runs on any Python 3 and without any package, so that an old Python gets a sentence.
"""

import importlib.util
import subprocess
import sys
import time
import venv
from pathlib import Path

OLDEST = (3, 11)


def create(folder: Path) -> None:
    """Make the environment with a pip that knows dependency groups (25.1)."""
    named = "python{}.{}".format(*sys.version_info[:2])
    if sys.version_info < OLDEST:
        sys.exit(
            f"llmops_lab needs Python 3.11 or newer and {sys.executable} is {named}; "
            "name a newer one: make PYTHON=python3.11"
        )
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            f"{named} cannot make virtual environments here; "
            f"on Debian: apt-get install {named}-venv"
        )
    venv.create(folder, clear=True, with_pip=True)
    install(folder, "pip", ["--upgrade", "pip>=25.1"])


def install(folder: Path, what: str, arguments: list) -> None:
    """Install by pip; the whole output lies in FOLDER/pip.log."""
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", *arguments]
    started = time.monotonic()
    log = folder / "pip.log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for count, line in enumerate(process.stdout or ()):
            file.write(line)
            _show(f"{what}: {line.strip()}" if count else what)
    _show("")
    if process.returncode:
        sys.exit(f"{log.read_text()}\ninstalling {what} failed; the lines above say why")
    print(f"Installed {what} in {time.monotonic() - started:.0f} s", flush=True)


def _show(text: str) -> None:
    """Write over the last line of a terminal; a log file gets nothing."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text[:78]}", end="", flush=True)


if __name__ == "__main__":
    action, target, *rest = sys.argv[1:]
    if action == "create":
        create(Path(target))
    else:
        install(Path(target), rest[0], rest[1:])
