"""How lists and sentences of the command line look: readable at 80 columns."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], whole: Sequence[str] = ()) -> None:
    """Prints rows under their titles; words are broken between words, and cut where nothing else helps.

    Args:
        titles: of the columns.
        rows: their texts.
        whole: titles of columns that other commands ask for: never cut and never broken.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in titles:
        if title in whole:
            table.add_column(title, no_wrap=True, min_width=max([len(title), *_widths(titles, title, rows)]))
        else:
            table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def many(count: int, one: str, several: str | None = None) -> str:
    """A number and its noun: ``1 job``, ``2 jobs``."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"


def _widths(titles: Sequence[str], title: str, rows: Sequence[Sequence[str]]) -> list[int]:
    position = list(titles).index(title)
    return [len(row[position]) for row in rows]
