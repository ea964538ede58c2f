"""Gzip and zstd undone, with a limit on how far a file may swell; what is no text is named."""

import io
import re
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO, Any, cast

from llmops_lab.errors import FormatError
from llmops_lab.readers._stream import BLOCK

MAX_RATIO = 200
_FREE_BYTES = 64 << 20  # below this size no ratio is dangerous
_PIECE = 1 << 20
# What a file starts with: what it is, and the way out.
_MAGIC = {
    b"\x89PNG": ("a PNG image", ""),
    b"\xff\xd8\xff": ("a JPEG image", ""),
    b"GIF8": ("a GIF image", ""),
    b"%PDF": ("a PDF document", ""),
    b"PK\x03\x04": ("a ZIP archive", "unpack it first"),
    b"SQLite format 3": ("an SQLite database", "export the table of traces as CSV or JSON"),
    b"\x7fELF": ("a program", ""),
    b"\xd0\xcf\x11\xe0": ("an Office document", "save the sheet as CSV"),
    b"ARROW1": ("an Arrow file", "pass its table: read_traces(polars.read_ipc(path))"),
    b"\x80\x04": ("a Python pickle", "it is never opened, write JSON"),
    b"\x80\x05": ("a Python pickle", "it is never opened, write JSON"),
    b"<!doctype html": ("an HTML page", "is it the login page of the tool?"),
    b"<html": ("an HTML page", "is it the login page of the tool?"),
}
_WORKBOOK = re.compile(rb"xl/workbook|\[Content_Types\]\.xml")
_TAR = slice(257, 262)


def plain_pieces(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The bytes in pieces, decompressed where they are gzip or zstd.

    Raises FormatError for an empty file, one that swells more than 200 times, and one that is
    plainly no trace export.
    """
    first = next(packed, b"")
    packed = chain([first], packed)
    if first[:2] == b"\x1f\x8b":
        return _checked(_gathered(_gunzipped(packed, name)), name)
    if first[:4] == b"\x28\xb5\x2f\xfd":
        return _checked(_gathered(_unzstd(packed, name)), name)
    return _checked(packed, name)


def _checked(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same without a byte order mark, once it is clear that this may be an export."""
    head = next(pieces, b"")
    while head and not head[:4096].strip() and not head.strip():
        head = next(pieces, b"")
    if not head:
        raise FormatError(f"{name} is empty")
    _check_kind(head, name)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):  # what PowerShell writes
        text = b"".join([head, *pieces]).decode("utf-16", "replace")
        if not text.strip():
            raise FormatError(f"{name} is empty")
        yield text.encode()
        return
    yield head.removeprefix(b"\xef\xbb\xbf")
    yield from pieces


def _check_kind(head: bytes, name: str) -> None:
    start = head[:64].lstrip().lower()
    found = next(
        (what for magic, what in _MAGIC.items() if start.startswith(magic.lower())),
        ("a TAR archive", "unpack it first") if head[_TAR] == b"ustar" else None,
    )
    if found and found[0] == "a ZIP archive" and _WORKBOOK.search(head[:4096]):
        found = ("an Excel workbook", "save the sheet as CSV")
    if found:
        what, way = found
        raise FormatError(f"{name} is {what}, not a trace export{': ' if way else ''}{way}")


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces joined to blocks."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _gunzipped(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    read = written = 0
    stream = zlib.decompressobj(wbits=31)
    try:
        for piece in packed:
            read += len(piece)
            rest = piece
            while rest:
                if stream.eof:  # a gzip file may hold several streams
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    stream = zlib.decompressobj(wbits=31)
                out = stream.decompress(rest, _PIECE)
                rest = stream.unused_data if stream.eof else stream.unconsumed_tail
                written += len(out)
                _check_ratio(written, read, name)
                if out:
                    yield out
    except zlib.error as error:
        raise FormatError(f"{name} is a damaged gzip file: {error}") from None
    if not stream.eof:
        raise FormatError(f"{name} is cut off: its gzip stream has no end")


def _unzstd(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    import zstandard

    source = _Counted(packed)
    file = cast("IO[bytes]", source)
    written = 0
    try:
        with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
            while block := stream.read(_PIECE):
                written += len(block)
                _check_ratio(written, source.given, name)
                yield block
    except zstandard.ZstdError as error:
        raise FormatError(f"{name} is a damaged zstd file: {error}") from None


class _Counted(io.RawIOBase):
    """Pieces as a file that says how much of it was read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""
        self.given = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        if not self._left:
            self._left = next(self._pieces, b"")
        taken, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(taken)] = taken
        self.given += len(taken)
        return len(taken)


def _check_ratio(written: int, packed: int, name: str) -> None:
    if written > _FREE_BYTES and written > MAX_RATIO * packed:
        raise FormatError(
            f"{name} swells {written / packed:,.0f} times when decompressed, more than the "
            f"{MAX_RATIO} times allowed; decompress it yourself if you trust it"
        )
