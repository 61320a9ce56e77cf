"""Videos: frames in memory, or a file. PyAV does the work; it is imported when first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .imaging.convert import FloatArray, from_bytes, to_bytes
from .imaging.limits import check_size
from .sounds import Sound, add_sound, read_sound, write_sound

Check = Callable[[], None]
#: Playlists and the like are left out: they name other files, which a workflow must not read.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2;matroska,webm;avi;gif;mpeg;mpegts;flv;asf;ogg"
_READ_OPTIONS = {"format_whitelist": _FORMATS.replace(";", ","), "protocol_whitelist": "file"}
ENDINGS = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".gif",
    ".mpg",
    ".mpeg",
    ".ts",
    ".flv",
    ".wmv",
    ".ogv",
)


@dataclass(frozen=True)
class Frames:
    """A video made of pictures [count, height, width, channels], `fps` a second."""

    images: FloatArray = field(repr=False)
    fps: Fraction
    sound: Sound | None = field(default=None, repr=False)

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return self.images.nbytes + (self.sound["waveform"].nbytes if self.sound else 0)

    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.images.shape[2], self.images.shape[1]

    def read(self, check: Check) -> Frames:
        return self

    def save(self, path: Path, texts: dict[str, str], check: Check) -> None:
        """Write an MP4 (H.264, AAC)."""
        settings = {"codec": "h264", "pix_fmt": "yuv420p", "options": {}}
        encode(path, self, texts, settings, check, {"movflags": "use_metadata_tags"})


@dataclass(frozen=True)
class VideoFile:
    """A video that lies on disk."""

    path: Path = field(repr=False)  # messages show values, and paths of this machine are nobody's business

    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        with opened(self.path) as container:
            context = container.streams.video[0].codec_context
            return context.width, context.height

    def read(self, check: Check) -> Frames:
        """Decode all frames and the sound.

        Raises:
            TooLargeError: the frames together are over the limit.
            ValueError: the file is no video.
        """
        with opened(self.path) as container:
            stream = container.streams.video[0]
            pictures: list[np.ndarray] = []
            for frame in container.decode(stream):
                check()
                check_size(frame.width, frame.height, len(pictures) + 1)
                pictures.append(frame.to_ndarray(format="rgb24"))
            fps = Fraction(stream.average_rate or 1)
        if not pictures:
            raise ValueError(f"No frames found in {self.path.name}.")
        images = np.empty((len(pictures), *pictures[0].shape), np.float32)
        for at, picture in enumerate(pictures):
            images[at] = from_bytes(np.ascontiguousarray(picture))
        with opened(self.path) as container:
            return Frames(images, fps, read_sound(container, check))

    def save(self, path: Path, texts: dict[str, str], check: Check) -> None:
        """Write an MP4: H.264 is taken over as it is, anything else is encoded again."""
        import av

        with opened(self.path) as source:
            if source.streams.video[0].codec_context.name == "h264":
                with av.open(
                    str(path), "w", format="mp4", options={"movflags": "use_metadata_tags"}
                ) as target:
                    target.metadata.update(texts)
                    _take_over(source, target, check)
                return
        self.read(check).save(path, texts, check)


def _take_over(source: Any, target: Any, check: Check) -> None:
    kept = [one for one in source.streams if one.type in ("video", "audio")]
    pairs = {one.index: target.add_stream_from_template(one) for one in kept}
    for packet in source.demux(kept):
        check()
        if packet.dts is not None:
            packet.stream = pairs[packet.stream.index]
            target.mux(packet)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file as PyAV's container.

    Raises:
        ValueError: it is no video, or of a kind that may lead to other files.
    """
    import av

    try:
        container = av.open(str(path), container_options=_READ_OPTIONS)
    except (av.error.FFmpegError, OSError) as error:
        raise ValueError(f"{path.name} is no video that can be read.") from error
    with container:
        if not container.streams.video:
            raise ValueError(f"No video stream found in {path.name}.")
        yield container


def encode(
    path: Path,
    frames: Frames,
    texts: dict[str, str],
    settings: dict[str, Any],
    check: Check,
    options: dict[str, str] | None = None,
) -> None:
    """Write frames as a video; the container follows from the name's ending.

    Args:
        path: file to write.
        frames: pictures and sound.
        texts: metadata of the file.
        settings: codec, pix_fmt and options of the encoder; bit_rate where it is to be set.
        check: called for each frame; may raise to stop.
        options: of the container.
    """
    import av

    width, height = frames.size()
    if "420" in settings["pix_fmt"] and settings["codec"] == "h264" and (width % 2 or height % 2):
        raise ValueError(f"H.264 needs an even width and height; these frames have {width} x {height} px.")
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(texts)
        stream = container.add_stream(settings["codec"], rate=frames.fps, options=settings["options"])
        stream.width, stream.height, stream.pix_fmt = width, height, settings["pix_fmt"]
        if "bit_rate" in settings:
            stream.bit_rate = settings["bit_rate"]
        sound = add_sound(container, frames.sound)
        for image in frames.images:
            check()
            frame = av.VideoFrame.from_ndarray(to_bytes(image[..., :3]), format="rgb24")
            container.mux(stream.encode(frame.reformat(format=settings["pix_fmt"])))
        container.mux(stream.encode())
        if sound is not None and frames.sound is not None:
            write_sound(container, sound, frames.sound)
