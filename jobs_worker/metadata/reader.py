"""Reads a file that comes piece by piece, without ever holding much of it."""

from collections.abc import Iterator
from typing import Final

Pieces = Iterator[bytes]

PIECE: Final = 256 * 1024


class Reader:
    """Reads exact amounts from pieces of any size; never holds more than a piece beyond what is asked for."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """``size`` bytes, or fewer at the end."""
        taken = [self._take(size)]
        missing = size - len(taken[0])
        while missing > 0 and (piece := next(self._pieces, None)) is not None:
            self._piece, self._at = piece, 0
            taken.append(self._take(missing))
            missing -= len(taken[-1])
        return b"".join(taken)

    def _take(self, size: int) -> bytes:
        taken = self._piece[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def copy(self, size: int) -> Pieces:
        """``size`` bytes in small pieces."""
        while size > 0:
            piece = self.read(min(size, PIECE))
            if not piece:
                return
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        """Passes over ``size`` bytes."""
        for _ in self.copy(size):
            pass

    def rest(self) -> Pieces:
        """All that is left."""
        yield self._piece[self._at :]
        yield from self._pieces
