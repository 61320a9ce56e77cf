"""Results on their way from a server into storage: what they are, what they may weigh, what stays out."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.errors import TooLarge
from creator_app.integrations.comfyui import (
    ComfyUIClient,
    History,
    OutputFile,
    OutputText,
    ServerGone,
    get_comfyui_client,
)
from creator_app.models import Asset, Job
from creator_app.services.claims import Claim
from creator_app.services.job_state import Fence
from jobs_worker.outputs import Wanted, save_outputs
from tests.comfyui_client.scripted_server import ScriptedComfyUI

HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


class Desk:
    """A Creator, a server with files, and a claim of a job that has finished there."""

    def __init__(self, creator: Creator, server: ScriptedComfyUI, client: ComfyUIClient) -> None:
        self.creator = creator
        self.server = server
        self.client = client
        self.claim = _claim(server.url)

    def save(
        self, *files: OutputFile, texts: tuple[OutputText, ...] = (), wanted: Wanted | None = None
    ) -> tuple[list[dict[str, Any]], list[Asset]]:
        history = History("success", files=list(files), texts=list(texts))
        return save_outputs(self.creator, self.claim, self.client, history, wanted or Wanted())

    def put(self, name: str, content: bytes, kind: str = "output", node: str = "9") -> OutputFile:
        self.server.files[name] = content
        return OutputFile(node, name, "", kind)

    def stored(self, n: int = 0) -> bytes:
        return b"".join(self.creator.storage.open(f"jobs/{self.claim.job.id}/{self.claim.attempt_id}/{n}"))

    def kept(self) -> list[str]:
        return [one.key for one in self.creator.storage.list(f"jobs/{self.claim.job.id}").items]


def _claim(url: str) -> Claim:
    inputs = {"image": {"asset_id": str(uuid4()), "filename": "photo.jpg"}}
    job = Job(
        id=uuid4(),
        account_id=uuid4(),
        user_id=uuid4(),
        recipe_version_id=uuid4(),
        recipe_slug="square-post",
        recipe_title="Square post",
        inputs=inputs,
        source="api",
    )
    attempt_id = uuid4()
    fence = Fence(job.id, attempt_id, "token")
    return Claim(job, attempt_id, str(uuid4()), url, None, None, fence, False)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield from _desk(Settings(creator_home=tmp_path))


@pytest.fixture
def keeping_desk(tmp_path: Path) -> Iterator[Desk]:
    yield from _desk(Settings(creator_home=tmp_path, keep_metadata=True))


def _desk(settings: Settings) -> Iterator[Desk]:
    with ScriptedComfyUI() as server, get_comfyui_client(server.url) as client:
        yield Desk(Creator(settings), server, client)


def png(**texts: str) -> bytes:
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind", "filename"),
    [
        ("a_00001_.png", png(), "image/png", "photo-square-post.png"),
        ("a_00001_.html", png(), "image/png", "photo-square-post.png"),
        ("a_00001_.png", HTML, "application/octet-stream", "photo-square-post.bin"),
        ("a_00001_.html", HTML, "application/octet-stream", "photo-square-post.html.txt"),
        ("a_00001_.svg", SVG, "application/octet-stream", "photo-square-post.svg"),
        ("a_00001_.jpg", SVG, "application/octet-stream", "photo-square-post.bin"),
        ("a_00001_.js", b"alert(1)", "application/octet-stream", "photo-square-post.js.txt"),
        ("a_00001_.xml", b"<?xml version='1.0'?>", "application/octet-stream", "photo-square-post.xml"),
        ("a_00001_.mp4", b"\x00\x00\x00\x20ftypisom" + bytes(99), "video/mp4", "photo-square-post.mp4"),
        ("a.safetensors", b"\x40" + bytes(99), "application/octet-stream", "photo-square-post.safetensors"),
        ("empty.png", b"", "application/octet-stream", "photo-square-post.bin"),
    ],
)
def test_a_result_is_what_its_content_says(
    desk: Desk, name: str, content: bytes, kind: str, filename: str
) -> None:
    (row,), (asset,) = desk.save(desk.put(name, content))
    assert (asset.content_type, asset.filename) == (kind, filename)
    assert (row["content_type"], row["filename"], row["bytes"]) == (kind, filename, len(content))
    assert desk.stored() == content
    assert (row["width"], row["height"]) == ((40, 30) if kind == "image/png" else (None, None))


def test_the_prompt_stays_out_of_what_people_download(desk: Desk) -> None:
    _, (asset,) = desk.save(desk.put("a.png", png(prompt="a secret wish", workflow="{}", Author="Ann")))
    stored = desk.stored()
    assert b"secret" not in stored
    assert b"workflow" not in stored
    assert b"Ann" in stored
    assert asset.size_bytes == len(stored)
    with Image.open(io.BytesIO(stored)) as picture:
        assert picture.getpixel((0, 0)) == (0, 128, 128)


def test_an_operator_may_keep_it(keeping_desk: Desk) -> None:
    whole = png(prompt="a secret wish")
    keeping_desk.save(keeping_desk.put("a.png", whole))
    assert keeping_desk.stored() == whole


def test_a_text_is_a_result_where_the_recipe_names_its_node(desk: Desk) -> None:
    wanted = Wanted({"7": "Caption", "9": "Picture"})
    texts = (OutputText("7", "a cat — ü"), OutputText("8", "a debug line"))
    rows, assets = desk.save(desk.put("a.png", png()), texts=texts, wanted=wanted)
    assert [row["label"] for row in rows] == ["Picture", "Caption"]
    assert (assets[1].content_type, assets[1].filename) == ("text/plain", "photo-square-post-2.txt")
    assert desk.stored(1).decode() == "a cat — ü"


def test_a_prompt_that_gives_only_texts_gives_them_all(desk: Desk) -> None:
    rows, _ = desk.save(texts=(OutputText("8", "a cat"),))
    assert len(rows) == 1


def test_previews_count_only_where_nothing_was_saved_and_inputs_never(desk: Desk) -> None:
    saved, shown = desk.put("a.png", png()), desk.put("b.png", png(), "temp")
    foreign = desk.put("c.png", png(), "input")
    assert len(desk.save(shown, saved, foreign)[0]) == 1
    assert len(desk.save(shown, foreign)[0]) == 1
    assert desk.save(foreign) == ([], [])


@pytest.mark.parametrize("max_bytes", [150_000, 50_000])
def test_results_that_weigh_too_much_are_refused_and_none_is_kept(desk: Desk, max_bytes: int) -> None:
    files = [desk.put(f"{n}.bin", bytes(100_000)) for n in range(3)]
    with pytest.raises(TooLarge) as told:
        desk.save(*files, wanted=Wanted(max_bytes=max_bytes))
    assert "larger than this recipe allows" in told.value.message
    assert desk.kept() == []


def test_too_many_results_are_refused(desk: Desk) -> None:
    with pytest.raises(TooLarge):
        desk.save(*[OutputFile("9", f"{n}.png", "", "output") for n in range(1001)])


def test_the_limit_is_the_recipes_own() -> None:
    manifest = {"limits": {"output_bytes": 77}, "outputs": [{"node": "9", "label": "Picture"}]}
    assert Wanted.of(manifest) == Wanted({"9": "Picture"}, 77)
    assert Wanted.of({}).max_bytes == 2_000_000_000


def test_a_download_that_breaks_leaves_no_half_result(desk: Desk) -> None:
    with pytest.raises(ServerGone):
        desk.save(OutputFile("9", "cut.png", "", "output"))
    assert desk.kept() == []


def test_large_results_pass_through_little_memory(desk: Desk) -> None:
    large = desk.put("large.mp4", b"\x00\x00\x00\x20ftypisom" + bytes(60_000_000))
    tracemalloc.start()
    desk.save(large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
