"""Pictures to drop, and how a test drops them."""

import base64
import io

from PIL import Image, ImageDraw
from playwright.sync_api import Page

_DROP = """([files]) => {
  const pieces = new DataTransfer();
  for (const [name, type, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    pieces.items.add(new File([bytes], name, { type }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.querySelector("main").dispatchEvent(
      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: pieces }));
  }
}"""


def photo(width: int = 1600, height: int = 1000, kind: str = "JPEG") -> bytes:
    """A picture with something to see in it."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width // 3, height // 4, width // 3 * 2, height // 4 * 3), fill=(230, 120, 40))
    kept = io.BytesIO()
    picture.save(kept, kind)
    return kept.getvalue()


def drop(page: Page, *files: tuple[str, str, bytes]) -> None:
    """Drops files (name, type, bytes) somewhere on the page, as a hand would."""
    packed = [(name, kind, base64.b64encode(data).decode()) for name, kind, data in files]
    page.evaluate(_DROP, [packed])


def size_of(data: bytes) -> tuple[str | None, tuple[int, int]]:
    """Format and size of a picture, fully decoded."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture.format, picture.size
