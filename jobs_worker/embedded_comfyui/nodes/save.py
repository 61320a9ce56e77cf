"""Nodes that write pictures."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..imaging.convert import FloatArray, as_mask, to_picture
from .base import IMAGE, MASK, Node, Result, Run, choice, inputs, integer, link, node, number, switch, text
from .saving import HIDDEN, PREFIX_TIP, SAVES, completed, next_file, texts

_WEBP_METHODS = {"default": 4, "fastest": 0, "slowest": 6}
_EXIF_MODEL = 0x0110  # the prompt; other texts go below it


@node("SaveImage", "Save Image", "image")
class SaveImage(Node):
    DESCRIPTION = SAVES
    REQUIRED = inputs(
        images=link("IMAGE", "The images to save."), filename_prefix=text("ComfyUI", tip=PREFIX_TIP)
    )
    HIDDEN = HIDDEN
    IS_OUTPUT = True

    def run(self, run: Run, images: FloatArray, filename_prefix: str, **_: Any) -> Result:
        return Result(ui={"images": save_pngs(run, images, filename_prefix, "output", 4)})


@node("PreviewImage", "Preview Image", "image")
class PreviewImage(Node):
    DESCRIPTION = SAVES
    REQUIRED = inputs(images=IMAGE)
    HIDDEN = HIDDEN
    IS_OUTPUT = True

    def run(self, run: Run, images: FloatArray, **_: Any) -> Result:
        return Result(ui={"images": save_pngs(run, images, _temp_prefix(), "temp", 1)})


@node("MaskPreview", "MaskPreview", "mask", "mask")
class MaskPreview(Node):
    DESCRIPTION = SAVES
    REQUIRED = inputs(mask=MASK)
    HIDDEN = HIDDEN
    IS_OUTPUT = True

    def run(self, run: Run, mask: FloatArray, **_: Any) -> Result:
        images = np.repeat(as_mask(mask)[..., None], 3, axis=-1)
        return Result(ui={"images": save_pngs(run, images, _temp_prefix(), "temp", 4)})


@node("SaveAnimatedWEBP", "SaveAnimatedWEBP", "image/animation", "images")
class SaveAnimatedWEBP(Node):
    REQUIRED = inputs(
        images=IMAGE,
        filename_prefix=text("ComfyUI"),
        fps=number(6.0, 0.01, 1000.0),
        lossless=switch(True),
        quality=integer(80, 0, 100, step=None),
        method=choice(*_WEBP_METHODS),
    )
    HIDDEN = HIDDEN
    IS_OUTPUT = True

    def run(self, run: Run, images: FloatArray, filename_prefix: str, fps: float, **options: Any) -> Result:
        path, entry = next_file(run, filename_prefix, "webp", images.shape[2], images.shape[1])
        frames = [to_picture(one) for one in images]
        settings = {
            "save_all": True,
            "append_images": frames[1:],
            "duration": int(1000.0 / fps),
            "lossless": options["lossless"],
            "quality": options["quality"],
            "method": _WEBP_METHODS[options["method"]],
            "exif": _webp_exif(run, frames[0]),
        }
        _write(frames[0], path, "WEBP", settings)
        return Result(ui={"images": [entry], "animated": [len(frames) != 1]})


@node("SaveAnimatedPNG", "SaveAnimatedPNG", "image/animation", "images")
class SaveAnimatedPNG(Node):
    REQUIRED = inputs(
        images=IMAGE,
        filename_prefix=text("ComfyUI"),
        fps=number(6.0, 0.01, 1000.0),
        compress_level=integer(4, 0, 9, step=None),
    )
    HIDDEN = HIDDEN
    IS_OUTPUT = True

    def run(
        self, run: Run, images: FloatArray, filename_prefix: str, fps: float, compress_level: int, **_: Any
    ) -> Result:
        path, entry = next_file(run, filename_prefix, "png", images.shape[2], images.shape[1])
        frames = [to_picture(one) for one in images]
        settings = {
            "save_all": True,
            "append_images": frames[1:],
            "duration": int(1000.0 / fps),
            "compress_level": compress_level,
            "pnginfo": _animation_text(run),
        }
        _write(frames[0], path, "PNG", settings)
        return Result(ui={"images": [entry], "animated": [True]})


def save_pngs(
    run: Run, images: FloatArray, prefix: str, kind: str, compress_level: int
) -> list[dict[str, str]]:
    """Write each picture of the batch as PNG; returns the entries that clients use in /view."""
    place = run.folders.save_place(prefix, kind, images.shape[2], images.shape[1])
    entries = []
    for number_in_batch, one in enumerate(images):
        run.check_interrupt()
        stem = place.stem.replace("%batch_num%", str(number_in_batch))
        name = f"{stem}_{place.counter + number_in_batch:05}_.png"
        settings = {"pnginfo": _png_text(run), "compress_level": compress_level}
        _write(to_picture(one), place.folder / name, "PNG", settings)
        entries.append({"filename": name, "subfolder": place.subfolder, "type": kind})
    return entries


def _write(picture: Image.Image, path: Path, file_format: str, settings: dict[str, Any]) -> None:
    with completed(path) as partial:
        picture.save(partial, format=file_format, **settings)


def _png_text(run: Run) -> PngInfo | None:
    info = PngInfo()
    for name, value in texts(run).items():
        info.add_text(name, value)
    return info if run.png_info is not None else None


def _animation_text(run: Run) -> PngInfo | None:
    """An animation carries its texts in chunks of ComfyUI's own, behind the pixels."""
    info = PngInfo()
    for name, value in texts(run).items():
        info.add(b"comf", f"{name}\0{value}".encode("latin-1"), after_idat=True)
    return info if run.png_info is not None else None


def _webp_exif(run: Run, picture: Image.Image) -> Image.Exif:
    exif = picture.getexif()
    for offset, (name, value) in enumerate(texts(run).items()):
        exif[_EXIF_MODEL - offset] = f"{name}:{value}"
    return exif


def _temp_prefix() -> str:
    return "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))
