"""A file's bytes in pieces: its head can be looked at, and a large file never lies in memory whole."""

from collections.abc import Iterable, Iterator
from functools import cached_property

BLOCK = 16 << 20  # bytes read, decoded and released together


def pieces_of(data: bytes) -> Iterator[bytes]:
    """Bytes that are in memory already, as a file would give them."""
    return (data[start : start + BLOCK] for start in range(0, len(data), BLOCK))


class Stream:
    """The decompressed bytes of one file, given once: whole, or in blocks of whole lines."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    @cached_property
    def head(self) -> bytes:
        """The first piece. Raises FormatError when the file is plainly no export."""
        return next(self._pieces, b"")

    @property
    def is_parquet(self) -> bool:
        """Whether it is a Parquet file, by its first bytes."""
        return self.head.startswith(b"PAR1")

    def whole(self) -> bytes:
        """Everything at once."""
        head = self.head
        rest = list(self._pieces)
        return b"".join([head, *rest]) if rest else head

    def blocks(self) -> Iterator[bytes]:
        """Pieces that end where a line ends; only the last may lack its newline."""
        left: list[bytes] = []
        piece, self.head = self.head, b""
        while following := next(self._pieces, b""):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield b"".join([*left, memoryview(piece)[:cut]])
                left = []
            left.append(piece[cut:])
            piece = following
        yield b"".join([*left, piece]) if any(left) else piece
