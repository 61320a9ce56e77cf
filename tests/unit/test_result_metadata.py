"""Results without the prompt that ComfyUI wrote into them, and with every pixel as it was."""

import io
import json
import random
import struct
import tracemalloc
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from jobs_worker.metadata import without_prompt

PROMPT = json.dumps({"3": {"class_type": "KSampler", "inputs": {"text": "a secret wish"}}})
SECRETS = ("secret wish", "class_type", "KSampler")


def noise(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    random_pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], len(mode)), dtype=np.uint8)
    return Image.fromarray(random_pixels, mode)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pieces(data: bytes, seed: int = 0) -> Iterator[bytes]:
    """In uneven pieces: a file never comes as its chunks lie."""
    dice = random.Random(seed)
    at = 0
    while at < len(data):
        size = dice.choice([1, 2, 3, 7, 100, 5000])
        yield data[at : at + size]
        at += size


def stripped(kind: str, data: bytes, seed: int = 0) -> bytes:
    return b"".join(without_prompt(kind, pieces(data, seed)))


def same_pixels(before: bytes, after: bytes) -> None:
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        assert one.mode == other.mode
        frames = getattr(one, "n_frames", 1)
        assert frames == getattr(other, "n_frames", 1)
        for frame in range(frames):
            one.seek(frame)
            other.seek(frame)
            assert one.tobytes() == other.tobytes()


def no_secret(data: bytes) -> None:
    for secret in SECRETS:
        for code in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(code) not in data


def comfy_png(**options: object) -> bytes:
    info = PngInfo()
    info.add_text("prompt", PROMPT)
    info.add_text("workflow", PROMPT, zip=True)
    info.add_itxt("parameters", "Steps: 20, a secret wish", zip=False)
    info.add_text("Author", "Ann")
    return saved(noise(), "PNG", pnginfo=info, dpi=(300, 300), icc_profile=b"profile" * 30, **options)


@pytest.mark.parametrize("seed", range(5))
def test_a_png_loses_its_prompt_and_nothing_else(seed: int) -> None:
    before = comfy_png()
    after = stripped("image/png", before, seed)
    no_secret(after)
    same_pixels(before, after)
    with Image.open(io.BytesIO(after)) as picture:
        picture.load()
        assert picture.info["Author"] == "Ann"
        assert "dpi" in picture.info
        assert "icc_profile" in picture.info
        assert not {"prompt", "workflow", "parameters"} & picture.info.keys()


def test_an_animated_png_and_text_after_the_picture() -> None:
    frames = saved(noise(), "PNG", save_all=True, append_images=[noise((64, 48))], duration=50)
    data = b"prompt\x00" + PROMPT.encode()
    chunk = struct.pack(">I", len(data)) + b"tEXt" + data + struct.pack(">I", zlib.crc32(b"tEXt" + data))
    before = frames[:-12] + chunk + frames[-12:] + PROMPT.encode()
    after = stripped("image/png", before)
    no_secret(after)
    same_pixels(frames, after)


def test_exif_of_a_png_goes() -> None:
    exif = Image.Exif()
    exif[0x010E] = PROMPT
    after = stripped("image/png", saved(noise(), "PNG", exif=exif))
    no_secret(after)


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_loses_its_exif_and_stays_whole(lossless: bool, mode: str) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = f"workflow:{PROMPT}", f"prompt:{PROMPT}"
    before = saved(noise(mode=mode), "WEBP", exif=exif, lossless=lossless, xmp=PROMPT.encode())
    after = stripped("image/webp", before)
    no_secret(after)
    same_pixels(before, after)
    assert struct.unpack("<I", after[4:8])[0] == len(after) - 8
    if after[12:16] == b"VP8X":
        assert after[20] & 0x0C == 0


def test_an_animated_webp_keeps_its_frames() -> None:
    exif = Image.Exif()
    exif[0x0110] = f"prompt:{PROMPT}"
    others = [noise((64, 48)).rotate(90 * n) for n in (1, 2)]
    before = saved(noise(), "WEBP", save_all=True, append_images=others, exif=exif, duration=40)
    after = stripped("image/webp", before)
    no_secret(after)
    same_pixels(before, after)


@pytest.mark.parametrize("code", ["ascii", "utf-16-be"])
def test_a_jpeg_loses_what_speaks_of_a_prompt(code: str) -> None:
    exif = Image.Exif()
    header = b"ASCII\x00\x00\x00" if code == "ascii" else b"UNICODE\x00"
    exif.get_ifd(0x8769)[0x9286] = header + PROMPT.encode(code)
    before = saved(noise(), "JPEG", exif=exif, comment=PROMPT)
    after = stripped("image/jpeg", before)
    no_secret(after)
    same_pixels(before, after)


def test_a_jpegs_orientation_stays() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    before = saved(noise(), "JPEG", exif=exif)
    assert stripped("image/jpeg", before) == before


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG", "GIF"])
def test_a_file_without_a_prompt_passes_as_it_is(kind: str) -> None:
    before = saved(noise(), kind)
    assert stripped(f"image/{kind.lower()}", before) == before


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_broken_files_end_and_get_no_longer(kind: str) -> None:
    whole = {"png": comfy_png(), "webp": saved(noise(), "WEBP"), "jpeg": saved(noise(), "JPEG")}[kind]
    dice = random.Random(7)
    for cut in range(0, len(whole), 211):
        assert len(stripped(f"image/{kind}", whole[:cut], cut)) <= cut + 8
        spoilt = bytearray(whole)
        for _ in range(20):
            spoilt[dice.randrange(12, len(spoilt))] = dice.randrange(256)
        assert len(stripped(f"image/{kind}", bytes(spoilt), cut)) <= len(whole) + 8


def test_a_large_picture_takes_little_memory() -> None:
    """A chunk may say that it has gigabytes; what is held is a piece or two."""

    size = 120_000_000

    def endless() -> Iterator[bytes]:
        yield comfy_png()[:-12]
        for name in (b"IDAT", b"tEXt"):
            yield struct.pack(">I", size + 7) + name + b"prompt\x00"
            for _ in range(size // 250_000):
                yield bytes(250_000)
            yield b"sum."

    tracemalloc.start()
    total = sum(len(piece) for piece in without_prompt("image/png", endless()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size < total < size + 20_000
    assert peak < 5_000_000
