"""A directory as a place for dropped files, and what is done with it in a line."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from creator_app.integrations.drop_folders import DirectoryPlace, DropEntry, Upload


@dataclass
class Box:
    """A place with one folder."""

    place: DirectoryPlace
    path: Path
    folder: DropEntry

    def entries(self) -> list[DropEntry]:
        return list(self.place.children(self.folder.id))

    def names(self) -> list[str]:
        return [one.name for one in self.entries()]

    def entry(self, name: str) -> DropEntry:
        return next(one for one in self.entries() if one.name == name)

    def drop(self, name: str, content: bytes = b"content") -> DropEntry:
        (self.path / name).write_bytes(content)
        return self.entry(name)

    def read(self, entry: DropEntry, start: int = 0) -> bytes:
        return b"".join(self.place.open(entry, start))

    def upload(self, content: bytes, name: str = "result.png", job: str = "1", n: str = "0") -> Upload:
        return Upload(
            id=self.place.reserve(self.folder.id, name),
            folder_id=self.folder.id,
            name=name,
            size=len(content),
            content_type="image/png",
            md5=hashlib.md5(content).hexdigest(),
            properties={"creator_job_id": job, "creator_output": n},
        )

    def put(self, content: bytes, name: str = "result.png") -> DropEntry:
        return self.place.put(self.upload(content, name), io.BytesIO(content))

    def hidden(self) -> list[str]:
        return sorted(one.name for one in self.path.iterdir() if one.name.startswith("."))
