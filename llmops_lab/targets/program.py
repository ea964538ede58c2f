"""Any program as a target: it reads the input from stdin and writes the answer to stdout."""

import asyncio
import hashlib
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from llmops_lab._cases.case import Case, record_of
from llmops_lab._runs.answer import Answer
from llmops_lab._runs.secrets import without_secrets
from llmops_lab.errors import LabError
from llmops_lab.targets._target import targets

# What programs need to run at all; keys and everything else stay here.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SYSTEMROOT", "VIRTUAL_ENV")
_ANSWER = {spec.name for spec in fields(Answer)}
_TOLD_OF_STDERR = 300
_LARGEST_SCRIPT = 10 << 20
_PIECE = 1 << 16
_LONGEST_END_S = 5.0


class _FloodError(Exception):
    """More output than wanted."""


@targets.register("program")
@dataclass(frozen=True)
class Program:
    """`arguments`, run once per case without a shell; the text on stdout is the answer.

    The input of the case comes by stdin as text. With `json` the whole case does, as one JSON
    object, and a JSON object on stdout with an "output" may also tell the fields of an Answer
    (input_tokens, cost_usd, context …). The program sees PATH, HOME and the like, and of the
    other environment variables only those in `environment`: keys do not leak into it unless
    named. It is killed with all it started after `timeout_s` seconds or `most_bytes` of output.
    An exit code other than 0 is an error, with the end of stderr.
    """

    arguments: Sequence[str]
    json: bool = False
    timeout_s: float = 60.0
    most_bytes: int = 1 << 20
    environment: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.arguments, str) or not self.arguments:
            raise LabError('a program is a list of arguments: ["python", "app.py"], not a text')

    @property
    def name(self) -> str:
        return Path(self.arguments[0]).name if len(self.arguments) == 1 else self._shown

    @property
    def identity(self) -> str:
        """Of the arguments and of the files among them, such as the script itself."""
        seen = hashlib.sha256(repr((list(self.arguments), self.json)).encode())
        for argument in self.arguments:
            file = Path(argument)
            if file.is_file() and file.stat().st_size <= _LARGEST_SCRIPT:
                seen.update(file.read_bytes())
        return seen.hexdigest()[:16]

    async def answer(self, case: Case, trial: int) -> Answer:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            return Answer(error=f"{self.arguments[0]} does not start: {error.strerror}")
        talk = self._talked(process, self._input(case))
        try:
            said, complaint = await asyncio.wait_for(talk, self.timeout_s)
        except TimeoutError:
            return Answer(error=f"no end within {self.timeout_s:g} s")
        except _FloodError:
            return Answer(error=f"more than {self.most_bytes:,} bytes of output")
        finally:
            await _ended(process)
        return self._read(said, complaint, process.returncode or 0)

    async def _talked(
        self, process: asyncio.subprocess.Process, text: bytes
    ) -> tuple[bytes, bytes]:
        """What the program wrote to stdout and to stderr, once it has ended."""
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
        if stdin is None or stdout is None or stderr is None:
            raise RuntimeError("the program was started with pipes")

        async def tell() -> None:
            # A program need not read what it is told.
            with suppress(BrokenPipeError, ConnectionResetError):
                stdin.write(text)
                await stdin.drain()
            stdin.close()

        told = asyncio.create_task(tell())
        try:
            said, complaint = await asyncio.gather(self._heard(stdout), self._heard(stderr))
            await process.wait()
        finally:
            told.cancel()
        return said, complaint

    async def _heard(self, stream: asyncio.StreamReader) -> bytes:
        heard = b""
        while piece := await stream.read(_PIECE):
            heard += piece
            if len(heard) > self.most_bytes:
                raise _FloodError
        return heard

    def _read(self, said: bytes, complaint: bytes, code: int) -> Answer:
        text = without_secrets(said.decode("utf-8", "replace")).strip("\n")
        if code:
            why = " ".join(complaint.decode("utf-8", "replace").split())[-_TOLD_OF_STDERR:]
            return Answer(error=without_secrets(f"exit code {code}: {why}"))
        return _told(text) if self.json else Answer(text)

    def _input(self, case: Case) -> bytes:
        if not self.json:
            return case.text.encode("utf-8", "replace")
        return msgspec.json.encode({**record_of(case), "id": case.id})

    def _environment(self) -> dict[str, str]:
        names = [*_PASSED_ON, *self.environment]
        return {name: os.environ[name] for name in names if name in os.environ}

    @property
    def _shown(self) -> str:
        return " ".join(Path(argument).name or argument for argument in self.arguments)[:60]


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill the program, and what it started, if any of it is still there."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    # Its end is told only once its pipes are empty.
    with suppress(TimeoutError):
        await asyncio.wait_for(_emptied(process), _LONGEST_END_S)


async def _emptied(process: asyncio.subprocess.Process) -> None:
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(_PIECE):
            pass
    await process.wait()


def _told(text: str) -> Answer:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return Answer(error=f"no JSON on stdout: {text[:100]!r}")
    if not isinstance(found, dict) or "output" not in found:
        return Answer(found)
    known: dict[str, Any] = {name: found[name] for name in _ANSWER & found.keys()}
    try:
        return msgspec.convert(known, Answer)
    except msgspec.ValidationError as error:
        return Answer(error=f"not the fields of an answer on stdout: {error}")
