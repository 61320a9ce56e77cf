"""Films and sounds as real muxers write them, with the prompt in their tags: it goes, all else stays."""

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from creator_app.domain.content_types import content_type
from jobs_worker.metadata import without_prompt

PROMPT = '{"3": {"class_type": "KSampler", "inputs": {"text": "a secret wish"}}}'
TAGS = {"prompt": PROMPT, "workflow": PROMPT, "comment": PROMPT, "title": PROMPT}
FILMS = [
    ("mp4", "mpeg4", {"movflags": "use_metadata_tags"}),
    ("mp4", "mpeg4", {"movflags": "use_metadata_tags+faststart"}),
    ("mp4", "mpeg4", {"movflags": "frag_keyframe+empty_moov"}),
    ("mov", "mpeg4", {}),
    ("webm", "libvpx-vp9", {}),
    ("matroska", "libvpx", {}),
    ("matroska", "libvpx", {"live": "1"}),
]
SOUNDS = [("flac", "flac"), ("mp3", "libmp3lame")]


def write_film(path: Path, container: str, codec: str, options: dict[str, str]) -> None:
    with av.open(str(path), "w", format=container, options=options) as out:
        out.metadata.update(TAGS)
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), n * 12, np.uint8), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def write_sound(path: Path, container: str, codec: str) -> None:
    with av.open(str(path), "w", format=container) as out:
        out.metadata.update(TAGS)
        stream = out.add_stream(codec, rate=44100, layout="mono")
        wave = (np.sin(np.arange(44100) / 20) * 9000).astype(np.int16)[None, :]
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 44100, 0, Fraction(1, 44100)
        for ready in av.AudioResampler(stream.format.name, "mono", 44100, stream.frame_size or 4096).resample(
            frame
        ):
            out.mux(stream.encode(ready))
        out.mux(stream.encode())


def content_of(path: Path) -> list[bytes]:
    """Every decoded frame."""
    with av.open(str(path)) as opened:
        return [frame.to_ndarray().tobytes() for frame in opened.decode(opened.streams[0])]


def pieces(data: bytes) -> Iterator[bytes]:
    dice = random.Random(len(data))
    at = 0
    while at < len(data):
        size = dice.choice([1, 5, 300, 4000])
        yield data[at : at + size]
        at += size


def check(path: Path) -> None:
    before = path.read_bytes()
    assert b"secret wish" in before
    kind = content_type(before[:4096], path.name)
    after = b"".join(without_prompt(kind, pieces(before)))
    assert b"secret" not in after
    assert b"class_type" not in after
    clean = path.with_name(f"clean-{path.name}")
    clean.write_bytes(after)
    frames = content_of(path)
    assert len(frames) > 1
    assert content_of(clean) == frames
    with av.open(str(clean)) as opened:
        assert not TAGS.keys() & opened.metadata.keys()
        opened.seek(0)  # the tables still point to where things lie
        assert next(opened.decode(opened.streams[0])) is not None


@pytest.mark.parametrize(("container", "codec", "options"), FILMS)
def test_a_film_comes_without_its_prompt(
    container: str, codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / f"film.{container}"
    write_film(path, container, codec, options)
    check(path)


@pytest.mark.parametrize(("container", "codec"), SOUNDS)
def test_a_sound_comes_without_its_prompt(container: str, codec: str, tmp_path: Path) -> None:
    path = tmp_path / f"sound.{container}"
    write_sound(path, container, codec)
    check(path)


def test_a_broken_webm_ends_and_gets_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "film.webm"
    write_film(path, "webm", "libvpx", {})
    whole = path.read_bytes()
    dice = random.Random(5)
    for cut in range(1, len(whole), 61):
        spoilt = bytearray(whole[:cut])
        for _ in range(10):
            spoilt[dice.randrange(cut)] = dice.randrange(256)
        assert len(b"".join(without_prompt("video/webm", pieces(bytes(spoilt))))) <= cut + 9
