"""Nodes that read pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps, ImageSequence

from ..folders import Folders
from ..imaging.convert import FloatArray, from_picture
from ..imaging.limits import check_size
from .base import Inputs, Run, choice, inputs, node
from .files import FileNode, existing

# A file that was cut off loads as far as it goes, as ComfyUI does; whoever submits has to check files before.
ImageFile.LOAD_TRUNCATED_IMAGES = True
_NO_MASK_PX = 64


class _PictureNode(FileNode):
    @classmethod
    def required(cls, folders: Folders) -> Inputs:
        return {"image": (folders.input_files(), {"image_upload": True}), **cls.REQUIRED}


@node("LoadImage", "Load Image", "image")
class LoadImage(_PictureNode):
    OUTPUTS = ("IMAGE", "MASK")

    def run(self, run: Run, image: str, **_: Any) -> tuple[Any, ...]:
        frames, masks = [], []
        with _open(run.folders, image) as file:
            width, height = _upright_size(file)
            check_size(width, height, getattr(file, "n_frames", 1))
            for frame in _frames(file):
                run.check_interrupt()
                picture = ImageOps.exif_transpose(frame)
                rgb = _eight_bit(picture).convert("RGB")
                if rgb.size != (width, height):
                    continue
                frames.append(from_picture(rgb))
                masks.append(_mask(picture))
        if len({mask.shape for mask in masks}) > 1:  # some frames have transparency, others none
            masks = [mask if mask.any() else np.zeros((height, width), np.float32) for mask in masks]
        return _batch(frames), _batch(masks)


@node("LoadImageMask", "Load Image (as Mask)", "mask")
class LoadImageMask(_PictureNode):
    REQUIRED = inputs(channel=choice("alpha", "red", "green", "blue"))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, image: str, channel: str, **_: Any) -> tuple[Any, ...]:
        with _open(run.folders, image) as file:
            check_size(*file.size)
            picture = _eight_bit(ImageOps.exif_transpose(file))
            letter = channel[0].upper()
            values = from_picture(picture.convert("RGBA").getchannel(letter))
        return ((1.0 - values if letter == "A" else values)[None],)


@node("LoadImageOutput", "Load Image (from Outputs)", "image")
class LoadImageOutput(LoadImage):
    DESCRIPTION = (
        "Load an image from the output folder. When the refresh button is clicked, the node will update the "
        "image list and automatically select the first image, allowing for easy iteration."
    )
    EXPERIMENTAL = True

    @classmethod
    def required(cls, folders: Folders) -> Inputs:
        remote = {"route": "/internal/files/output", "refresh_button": True, "control_after_refresh": "first"}
        return {"image": ("COMBO", {"image_upload": True, "image_folder": "output", "remote": remote})}


def _batch(frames: list[FloatArray]) -> FloatArray:
    return frames[0][None] if len(frames) == 1 else np.stack(frames)


def _open(folders: Folders, name: str) -> Image.Image:
    path = existing(folders, name)
    try:
        return Image.open(path)
    except Image.UnidentifiedImageError:
        # Pillow's own message names the absolute path.
        raise Image.UnidentifiedImageError(f"cannot identify image file '{path.name}'") from None


def _upright_size(file: Image.Image) -> tuple[int, int]:
    turned = file.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (file.height, file.width) if turned else (file.width, file.height)


def _frames(file: Image.Image) -> Any:
    # An MPO is a photo with hidden extra views, not an animation.
    return [file] if file.format == "MPO" else ImageSequence.Iterator(file)


def _eight_bit(picture: Image.Image) -> Image.Image:
    return picture.point(lambda level: level * (1 / 255)) if picture.mode == "I" else picture


def _mask(picture: Image.Image) -> FloatArray:
    if "A" in picture.getbands():
        return 1.0 - from_picture(picture.getchannel("A"))
    if picture.mode == "P" and "transparency" in picture.info:
        return 1.0 - from_picture(picture.convert("RGBA").getchannel("A"))
    return np.zeros((_NO_MASK_PX, _NO_MASK_PX), np.float32)
