"""Videos are made, read, saved and taken over; nothing but a video is read as one."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest

SIZE = {"width": 64, "height": 48, "batch_size": 5, "color": 0x3070B0}
FRAMES = {"class_type": "EmptyImage", "inputs": SIZE}


def _save(video: list, prefix: str) -> dict:
    inputs = {"video": video, "filename_prefix": prefix, "format": "auto", "codec": "auto"}
    return {"class_type": "SaveVideo", "inputs": inputs}


def _content(engine, entry) -> bytes:
    return engine.http.get("/view", params=entry).raise_for_status().content


def _made(engine, prompt, node: str) -> tuple[dict, bytes]:
    entry = engine.run(prompt)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    shown = entry["outputs"][node]
    assert shown["animated"] == [True]
    return shown["images"][0], _content(engine, shown["images"][0])


@pytest.fixture
def clip(engine) -> bytes:
    create = {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 12.0}}
    prompt = {"1": FRAMES, "2": create, "3": _save(["2", 0], "video/%width%x")}
    entry, content = _made(engine, prompt, "3")
    assert entry["filename"].startswith("64x_0") and entry["filename"].endswith("_.mp4")
    return content


def test_pictures_become_an_mp4_that_knows_its_prompt(clip):
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("h264", Fraction(12))
        assert '"CreateVideo"' in container.metadata["prompt"]
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(pictures) == 5
    assert abs(pictures[2][20, 20].astype(int) - (0x30, 0x70, 0xB0)).max() <= 4


def test_a_loaded_video_gives_its_frames_and_rate(engine, clip):
    name = engine.upload("clip.mp4", clip, overwrite="true")["name"]
    prompt = {
        "1": {"class_type": "LoadVideo", "inputs": {"file": name}},
        "2": {"class_type": "GetVideoComponents", "inputs": {"video": ["1", 0]}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
        "4": {"class_type": "PreviewAny", "inputs": {"source": ["2", 2]}},
        "5": _save(["1", 0], "video/again"),
    }
    outputs = engine.run(prompt)["outputs"]
    assert len(outputs["3"]["images"]) == 5
    assert outputs["4"] == {"text": ["12.0"]}
    again = _content(engine, outputs["5"]["images"][0])
    with av.open(io.BytesIO(again)) as container:
        assert len(list(container.decode(video=0))) == 5
        assert '"LoadVideo"' in container.metadata["prompt"]


def test_sound_goes_along(engine, tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("h264", rate=10)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = container.add_stream("aac", rate=8000)
        audio.layout = "mono"
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        tone = np.sin(np.arange(8000) * 0.3).astype(np.float32)[None] / 2
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux([*video.encode(), *audio.encode(frame), *audio.encode()])
    name = engine.upload("sound.mp4", path.read_bytes(), overwrite="true")["name"]
    prompt = {
        "1": {"class_type": "LoadVideo", "inputs": {"file": name}},
        "2": {"class_type": "GetVideoComponents", "inputs": {"video": ["1", 0]}},
        "3": {"class_type": "CreateVideo", "inputs": {"images": ["2", 0], "audio": ["2", 1], "fps": 10.0}},
        "4": _save(["3", 0], "video/sound"),
    }
    _, content = _made(engine, prompt, "4")
    with av.open(io.BytesIO(content)) as container:
        values = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert 0.3 < np.abs(values).max() < 0.7


@pytest.mark.parametrize(("codec", "name"), [("vp9", "vp9"), ("av1", "av1")])
def test_pictures_become_a_webm(engine, codec, name):
    options = {"images": ["1", 0], "filename_prefix": "webm/x", "codec": codec, "fps": 24.0, "crf": 32.0}
    prompt = {"1": FRAMES, "2": {"class_type": "SaveWEBM", "inputs": options}}
    entry, content = _made(engine, prompt, "2")
    assert entry["filename"].endswith("_.webm")
    with av.open(io.BytesIO(content)) as container:
        assert name in container.streams.video[0].codec_context.codec.canonical_name
        assert len(list(container.decode(video=0))) == 5


def test_a_playlist_is_no_video(engine, engine_process):
    secret = engine_process.folder / "secret.ts"
    secret.write_bytes(b"x" * 400)
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:10", "#EXTINF:10,", secret.as_uri(), "#EXT-X-ENDLIST", ""]
    name = engine.upload("list.mp4", "\n".join(lines).encode())["name"]
    prompt = {"1": {"class_type": "LoadVideo", "inputs": {"file": name}}, "2": _save(["1", 0], "video/list")}
    entry = engine.run(prompt)
    last = entry["status"]["messages"][-1]
    assert last[0] == "execution_error"
    assert last[1]["exception_message"] == "list.mp4 is no video that can be read.\n"
    assert str(engine_process.folder) not in str(last[1])


def test_a_video_that_is_not_there_is_refused(engine):
    prompt = {"1": {"class_type": "LoadVideo", "inputs": {"file": "no.mp4"}}, "2": _save(["1", 0], "video/x")}
    answer = engine.http.post("/prompt", json={"prompt": prompt})
    assert answer.status_code == 400
    error = answer.json()["node_errors"]["1"]["errors"][0]
    assert (error["type"], error["details"]) == (
        "custom_validation_failed",
        "file - Invalid video file: no.mp4",
    )


def test_odd_sides_get_a_sentence(engine):
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {**SIZE, "width": 63}},
        "2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 12.0}},
        "3": _save(["2", 0], "video/odd"),
    }
    message = engine.run(prompt)["status"]["messages"][-1][1]["exception_message"]
    assert message.startswith("H.264 needs an even width and height")


def test_compression_leaves_an_even_picture_close_to_the_first(engine):
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {**SIZE, "width": 65, "batch_size": 1}},
        "2": {"class_type": "LTXVPreprocess", "inputs": {"image": ["1", 0], "img_compression": 35}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    picture = engine.view(engine.run(prompt)["outputs"]["3"]["images"][0])
    assert picture.size == (64, 48)
    assert abs(np.asarray(picture).astype(int) - (0x30, 0x70, 0xB0)).max() <= 6
