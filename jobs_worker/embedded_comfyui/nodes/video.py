"""Nodes on videos."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import numpy as np

from ..folders import Folders
from ..imaging.convert import FloatArray, from_bytes, to_bytes
from ..sounds import Sound
from ..videos import ENDINGS, Frames, VideoFile, encode
from .base import Inputs, Node, Result, Run, combo, inputs, integer, link, node, number, text
from .files import FileNode, existing
from .saving import NEWER_HIDDEN, PREFIX_TIP, SAVES, completed, next_file, texts

_WEBM: dict[str, dict[str, Any]] = {
    "vp9": {"codec": "libvpx-vp9", "pix_fmt": "yuv420p", "options": {}},
    "av1": {"codec": "libsvtav1", "pix_fmt": "yuv420p10le", "options": {"preset": "6"}},
}


@node("CreateVideo", "Create Video", "image/video", "video")
class CreateVideo(Node):
    DESCRIPTION = "Create a video from images."
    REQUIRED = inputs(
        images=link("IMAGE", "The images to create a video from."), fps=number(30.0, 1.0, 120.0, 1.0)
    )
    OPTIONAL = inputs(audio=link("AUDIO", "The audio to add to the video."))
    OUTPUTS = ("VIDEO",)

    def run(self, run: Run, images: FloatArray, fps: float, audio: Sound | None = None) -> tuple[Any, ...]:
        return (Frames(images, _rate(fps), audio),)


def _rate(fps: float) -> Fraction:
    return Fraction(round(fps * 1000), 1000)


@node("GetVideoComponents", "Get Video Components", "image/video", "video")
class GetVideoComponents(Node):
    DESCRIPTION = "Extracts all components from a video: frames, audio, and framerate."
    REQUIRED = inputs(video=link("VIDEO", "The video to extract components from."))
    OUTPUTS = ("IMAGE", "AUDIO", "FLOAT")
    OUTPUT_NAMES = ("images", "audio", "fps")

    def run(self, run: Run, video: Frames | VideoFile) -> tuple[Any, ...]:
        frames = video.read(run.check_interrupt)
        return frames.images, frames.sound, float(frames.fps)


@node("LoadVideo", "Load Video", "image/video", "video")
class LoadVideo(FileNode):
    SELF_CHECKED = ("file",)
    WHAT = "video"
    OUTPUTS = ("VIDEO",)

    @classmethod
    def required(cls, folders: Folders) -> Inputs:
        files = [name for name in folders.input_files() if name.lower().endswith(ENDINGS)]
        return {"file": ("COMBO", {"multiselect": False, "options": files, "video_upload": True})}

    def run(self, run: Run, file: str) -> tuple[Any, ...]:
        return (VideoFile(existing(run.folders, file)),)


@node("SaveVideo", "Save Video", "image/video", "video")
class SaveVideo(Node):
    DESCRIPTION = SAVES
    REQUIRED = inputs(
        video=link("VIDEO", "The video to save."),
        filename_prefix=text("video/ComfyUI", multiline=False, tip=PREFIX_TIP),
        format=combo("auto", "mp4", default="auto", tip="The format to save the video as."),
        codec=combo("auto", "h264", default="auto", tip="The codec to use for the video."),
    )
    HIDDEN = NEWER_HIDDEN
    IS_OUTPUT = True

    def run(self, run: Run, video: Frames | VideoFile, filename_prefix: str, **_: Any) -> Result:
        path, entry = next_file(run, filename_prefix, "mp4", *video.size())
        with completed(path) as partial:
            video.save(partial, texts(run), run.check_interrupt)
        return Result(ui={"images": [entry], "animated": [True]})


@node("SaveWEBM", None, "image/video", "video")
class SaveWEBM(Node):
    REQUIRED = inputs(
        images=link("IMAGE"),
        filename_prefix=text("ComfyUI", multiline=False),
        codec=combo(*_WEBM),
        fps=number(24.0, 0.01, 1000.0),
        crf=number(
            32.0,
            0,
            63.0,
            1,
            tip="Higher crf means lower quality with a smaller file size, lower crf means higher quality "
            "higher filesize.",
        ),
    )
    HIDDEN = NEWER_HIDDEN
    IS_OUTPUT = True
    EXPERIMENTAL = True

    def run(
        self, run: Run, images: FloatArray, filename_prefix: str, codec: str, fps: float, crf: float, **_: Any
    ) -> Result:
        frames = Frames(images, _rate(fps))
        path, entry = next_file(run, filename_prefix, "webm", *frames.size())
        settings = {**_WEBM[codec], "bit_rate": 0}
        settings["options"] = {**settings["options"], "crf": f"{crf:g}"}
        with completed(path) as partial:
            encode(partial, frames, texts(run), settings, run.check_interrupt)
        return Result(ui={"images": [entry], "animated": [True]})


@node("LTXVPreprocess", None, "image", "lt")
class LTXVPreprocess(Node):
    REQUIRED = inputs(
        image=link("IMAGE"),
        img_compression=integer(35, 0, 100, None, "Amount of compression to apply on image."),
    )
    OUTPUTS = ("IMAGE",)
    OUTPUT_NAMES = ("output_image",)

    def run(self, run: Run, image: FloatArray, img_compression: int) -> tuple[Any, ...]:
        if img_compression == 0:
            return (image,)
        if min(image.shape[1:3]) < 2:
            raise ValueError("A picture of less than 2 x 2 px cannot be compressed.")
        pictures = []
        for one in image:
            run.check_interrupt()
            pictures.append(_squeezed(one, img_compression))
        return (np.stack(pictures),)


def _squeezed(one: FloatArray, crf: int) -> FloatArray:
    """The picture as it looks after a trip through H.264, sides cut to even lengths."""
    import av

    height, width = (side // 2 * 2 for side in one.shape[:2])
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"crf": str(crf), "preset": "veryfast"}
        stream = container.add_stream("libx264", rate=1, options=options)
        stream.width, stream.height = width, height
        frame = av.VideoFrame.from_ndarray(to_bytes(one[:height, :width, :3]), format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        decoded = next(container.decode(container.streams.video[0]))
        return from_bytes(np.ascontiguousarray(decoded.to_ndarray(format="rgb24")))
