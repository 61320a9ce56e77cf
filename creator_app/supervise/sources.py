"""Notices that a source file was changed, for `make dev`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_FOLDERS: Final = ("creator_app", "jobs_worker", "assets")
_KINDS: Final = frozenset({".py", ".css", ".js", ".toml", ".json", ".svg"})


class Sources:
    """The source files under a folder, as they were when last looked at."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known = dict(self._look())

    def changed(self) -> list[str]:
        """The files that were written, made or taken away since this was last asked."""
        now = dict(self._look())
        differing = {path for path, _ in now.items() ^ self._known.items()}
        self._known = now
        return sorted(str(path.relative_to(self._root)) for path in differing)

    def _look(self) -> Iterator[tuple[Path, int]]:
        for folder in _FOLDERS:
            for path in (self._root / folder).rglob("*"):
                if path.suffix in _KINDS:
                    try:
                        yield path, path.stat().st_mtime_ns
                    except OSError:  # taken away in this moment
                        continue
