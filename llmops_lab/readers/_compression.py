"""Gzip and zstd undone, with a limit on how far a file may swell; what is no text is named."""

import io
import zlib

from llmops_lab.errors import FormatError

MAX_RATIO = 200
_FREE_BYTES = 64 << 20  # below this size no ratio is dangerous
_BLOCK = 1 << 20
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive: unpack it first",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
}


def plain_bytes(data: bytes, name: str) -> bytes:
    """The bytes themselves, decompressed where they are gzip or zstd.

    Raises FormatError for an empty file, one that swells more than 200 times, and one that is
    plainly no trace export.
    """
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(data, name)
    elif data[:4] == b"\x28\xb5\x2f\xfd":
        data = _unzstd(data, name)
    if not data[:4096].strip() and not data.strip():
        raise FormatError(f"{name} is empty")
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise FormatError(f"{name} is {what}, not a trace export")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # what PowerShell writes
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(b"\xef\xbb\xbf")


def _gunzip(data: bytes, name: str) -> bytes:
    out = io.BytesIO()
    rest = data
    try:
        while rest:
            stream = zlib.decompressobj(wbits=31)
            out.write(stream.decompress(rest, _BLOCK))
            while not stream.eof and stream.unconsumed_tail:
                _check_ratio(out.tell(), len(data), name)
                out.write(stream.decompress(stream.unconsumed_tail, _BLOCK))
            if not stream.eof:
                raise FormatError(f"{name} is cut off: its gzip stream has no end")
            rest = stream.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise FormatError(f"{name} is a damaged gzip file: {error}") from None
    return out.getvalue()


def _unzstd(data: bytes, name: str) -> bytes:
    import zstandard

    out = io.BytesIO()
    try:
        with zstandard.ZstdDecompressor().stream_reader(
            io.BytesIO(data), read_across_frames=True
        ) as stream:
            while block := stream.read(_BLOCK):
                out.write(block)
                _check_ratio(out.tell(), len(data), name)
    except zstandard.ZstdError as error:
        raise FormatError(f"{name} is a damaged zstd file: {error}") from None
    return out.getvalue()


def _check_ratio(written: int, packed: int, name: str) -> None:
    if written > _FREE_BYTES and written > MAX_RATIO * packed:
        raise FormatError(
            f"{name} swells {written / packed:,.0f} times when decompressed, more than the "
            f"{MAX_RATIO} times allowed; decompress it yourself if you trust it"
        )
