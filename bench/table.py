"""How results are printed."""

from collections.abc import Sequence

_FIRST = 34
_OTHER = 13


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> None:
    """Prints a table.

    Args:
        title: what was measured.
        columns: their headings; the first one is over the names of the rows.
        rows: a name and its values; whole numbers stay whole, ``None`` leaves a place empty.
    """
    print(f"\n{title}")
    print(_line(columns))
    for row in rows:
        print(_line([_text(value) for value in row]))
    print(flush=True)


def part(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of the values don't exceed."""
    return sorted(values)[max(0, round(share * len(values)) - 1)]


def say(text: str) -> None:
    """Tells what is being done."""
    print(f"· {text}", flush=True)


def _line(cells: Sequence[str]) -> str:
    return f"{cells[0]:{_FIRST}}" + "".join(f"{cell:>{_OTHER}}" for cell in cells[1:])


def _text(value: str | float | None) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return "" if value is None else str(value)
