"""How lists and sentences of the command line look: readable at 80 columns."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    whole: Sequence[str] = (),
    cut: Sequence[str] = (),
) -> None:
    """Prints rows under their titles.

    Args:
        titles: of the columns.
        rows: their texts.
        whole: titles of columns that are copied into other commands: never cut and never broken.
        cut: titles of columns that are cut where there is no room; the others go on in further lines.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for position, title in enumerate(titles):
        if title in whole:
            widest = max([len(title), *(len(row[position]) for row in rows)])
            table.add_column(title, no_wrap=True, min_width=widest)
        else:
            table.add_column(title, overflow="ellipsis" if title in cut else "fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def many(count: int, one: str, several: str | None = None) -> str:
    """A number and its noun: ``1 job``, ``2 jobs``."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
