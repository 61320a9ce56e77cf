"""Limits: what a prompt may ask for before memory is at risk."""

MAX_SIDE_PX = 16384
MAX_AREA_PX = 64_000_000
MAX_TEXT_CHARACTERS = 4_000_000
MAX_HELD_BYTES = 3 * 1024**3


class TooLargeError(ValueError):
    """A picture, a batch or a text would be larger than the engine accepts."""


def check_size(width: int, height: int, batch: int = 1) -> None:
    """Refuse a picture of `width` x `height` pixels, `batch` times.

    Raises:
        TooLargeError: a side is over 16384 px or the whole batch is over 64 megapixels.
    """
    if max(width, height) > MAX_SIDE_PX:
        raise TooLargeError(f"A side of {max(width, height)} px is too long: the limit is {MAX_SIDE_PX} px.")
    if width * height * batch > MAX_AREA_PX:
        megapixels = width * height * batch / 1_000_000
        raise TooLargeError(
            f"{megapixels:.0f} megapixels are too many: the limit is {MAX_AREA_PX // 1_000_000}."
        )


def check_held(size_bytes: int) -> None:
    """Refuse to hold so many bytes of results at once, in a list or between the nodes of a prompt.

    Raises:
        TooLargeError: they are over the limit.
    """
    if size_bytes > MAX_HELD_BYTES:
        limit = MAX_HELD_BYTES // 1024**2
        raise TooLargeError(
            f"Results of {size_bytes // 1024**2} MB at once are too much: the limit is {limit}."
        )


def check_text(length: int) -> None:
    """Refuse a text of so many characters: a chain of nodes that double it would fill any memory.

    Raises:
        TooLargeError: it is over the limit.
    """
    if length > MAX_TEXT_CHARACTERS:
        raise TooLargeError(f"A text of {length} characters is too long: the limit is {MAX_TEXT_CHARACTERS}.")
