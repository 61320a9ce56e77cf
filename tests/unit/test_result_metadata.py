"""Results without the prompt that ComfyUI wrote into them, and with every pixel as it was."""

import io
import json
import random
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
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


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for shade in range(0, 200, 20):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path.read_bytes()


def frames_of(film: bytes, path: Path) -> list[bytes]:
    path.write_bytes(film)
    reader = cv2.VideoCapture(str(path))
    frames = []
    while (read := reader.read())[0]:
        frames.append(read[1].tobytes())
    return frames


@pytest.mark.parametrize("where", ["end of moov", "in a track", "beside moov"])
def test_a_film_loses_its_texts_and_no_frame(film: bytes, where: str, tmp_path: Path) -> None:
    told = box(b"udta", box(b"meta", bytes(4) + PROMPT.encode()))
    at = film.index(b"moov") - 4
    size = struct.unpack(">I", film[at : at + 4])[0]
    if where == "end of moov":
        before = film[:at] + box(b"moov", film[at + 8 : at + size] + told) + film[at + size :]
    elif where == "in a track":
        track = film.index(b"trak") - 4
        length = struct.unpack(">I", film[track : track + 4])[0]
        grown = box(b"trak", film[track + 8 : track + length] + told)
        before = film[:at] + box(b"moov", film[at + 8 : track] + grown + film[track + length : at + size])
    else:
        before = film + box(b"uuid", PROMPT.encode())
    after = stripped("video/mp4", before)
    assert PROMPT.encode() in before
    no_secret(after)
    assert len(after) == len(before)
    frames = frames_of(film, tmp_path / "one.mp4")
    assert len(frames) == 10
    assert frames_of(after, tmp_path / "other.mp4") == frames


def test_sound_loses_its_tags_alone() -> None:
    info, comments = bytes(34), b"\x04\x00\x00\x00abcd" + PROMPT.encode()
    sound = b"\xff\xf8" + bytes(range(256)) * 40
    blocks = [(0, info), (4, comments)]
    flac = b"fLaC" + b"".join(
        bytes([kind | (0x80 if n else 0)]) + len(body).to_bytes(3, "big") + body
        for n, (kind, body) in enumerate(blocks)
    )
    after = stripped("audio/flac", flac + sound)
    no_secret(after)
    assert after == flac[:42] + b"\x81" + flac[43:46] + bytes(len(comments)) + sound
    size = len(PROMPT)
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, size >> 7, size & 127]) + PROMPT.encode()
    assert stripped("audio/mpeg", tag + sound) == sound
    assert stripped("audio/mpeg", sound) == sound


@pytest.mark.parametrize("kind", ["video/mp4", "audio/flac", "audio/mpeg"])
def test_broken_films_and_sounds_end_and_get_no_longer(film: bytes, kind: str) -> None:
    dice = random.Random(3)
    for cut in range(0, len(film), 97):
        spoilt = bytearray(film[:cut])
        for _ in range(min(cut, 10)):
            spoilt[dice.randrange(cut)] = dice.randrange(256)
        assert len(stripped(kind, bytes(spoilt), cut)) <= cut


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
