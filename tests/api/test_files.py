"""Results over a real socket: ranges, names, types, small versions, zip."""

import io
import zipfile

import httpx
import pytest
from PIL import Image

from tests.api.stack import Stack, picture

PNG = picture((200, 100), "navy")
NAME = "Käse “1” 图.png"


@pytest.fixture
def job(stack: Stack, person: httpx.Client) -> str:
    """A finished job with a picture, a web page and a second picture of the same name."""
    made: str = stack.submit(person)["id"]
    page = b"<script>alert(1)</script>"
    stack.finish(
        made, [(NAME, "image/png", PNG), ("page.html", "text/html", page), (NAME, "image/png", PNG[::-1])]
    )
    return f"/api/v1/jobs/{made}"


def test_a_result_is_listed_and_downloaded(person: httpx.Client, job: str) -> None:
    listed = person.get(job).json()["outputs"][0]
    assert (listed["n"], listed["filename"], listed["bytes"]) == (0, NAME, len(PNG))
    answer = person.get(listed["url"])
    assert answer.status_code == 200 and answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline;")


def test_download_keeps_the_name(person: httpx.Client, job: str) -> None:
    header = person.get(f"{job}/outputs/0?download=1").headers["content-disposition"]
    assert header.startswith("attachment;")
    assert "filename*=UTF-8''K%C3%A4se%20%E2%80%9C1%E2%80%9D%20%E5%9B%BE.png" in header
    header.encode("ascii")


def test_web_pages_are_never_shown(person: httpx.Client, job: str) -> None:
    answer = person.get(f"{job}/outputs/1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("wanted", "status", "expected"),
    [
        ("bytes=0-9", 206, PNG[:10]),
        ("bytes=10-", 206, PNG[10:]),
        ("bytes=-5", 206, PNG[-5:]),
        (f"bytes=5-{10**9}", 206, PNG[5:]),
        (f"bytes={len(PNG)}-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=9-3", 200, PNG),
        ("bytes=0-1,5-6", 200, PNG),
        ("lines=1-2", 200, PNG),
    ],
)
def test_ranges(person: httpx.Client, job: str, wanted: str, status: int, expected: bytes) -> None:
    answer = person.get(f"{job}/outputs/0", headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (status, expected)
    if status == 206:
        first = PNG.index(expected) if len(expected) > 9 else len(PNG) - 5
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(PNG)}"
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(PNG)}"


def test_an_unchanged_file_is_not_sent_again(person: httpx.Client, job: str) -> None:
    tag = person.get(f"{job}/outputs/0").headers["etag"]
    answer = person.get(f"{job}/outputs/0", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    ranged = person.get(f"{job}/outputs/0", headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert ranged.status_code == 200


def test_head_tells_the_size(person: httpx.Client, job: str) -> None:
    answer = person.head(f"{job}/outputs/0")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(len(PNG)), b"")


def test_small_versions(person: httpx.Client, job: str) -> None:
    for path in (
        f"{job}/thumb",
        f"{job}/thumb?width=100",
        f"{job}/outputs/0?width=160",
        f"{job}/inputs/image?width=160",
    ):
        answer = person.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(answer.content)).format == "WEBP"


def test_what_went_in_comes_back(person: httpx.Client, job: str) -> None:
    answer = person.get(f"{job}/inputs/image")
    assert Image.open(io.BytesIO(answer.content)).size == (64, 48)
    assert person.get(f"{job}/inputs/other").status_code == 404


def test_all_results_in_one_zip(person: httpx.Client, job: str) -> None:
    answer = person.get(f"{job}/outputs.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == 3 and names[0] == NAME
        assert archive.read(NAME) == PNG


def test_what_is_not_there_is_not_found(stack: Stack, person: httpx.Client, job: str) -> None:
    assert person.get(f"{job}/outputs/7").status_code == 404
    assert person.get(f"{job}/preview").status_code == 404
    waiting = stack.submit(person)["id"]
    assert person.get(f"/api/v1/jobs/{waiting}/outputs/0").status_code == 404
    assert person.get(f"/api/v1/jobs/{waiting}/outputs.zip").status_code == 404


def test_a_preview_is_shown_while_it_is_there(stack: Stack, person: httpx.Client) -> None:
    waiting = stack.submit(person)["id"]
    stack.creator.publisher.preview(waiting, picture(kind="JPEG"))
    answer = person.get(f"/api/v1/jobs/{waiting}/preview")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"


def test_a_large_result_is_streamed(stack: Stack, person: httpx.Client) -> None:
    made = stack.submit(person)["id"]
    large = bytes(range(256)) * 40_000
    stack.finish(made, [("large.bin", "application/octet-stream", large)])
    answer = person.get(f"/api/v1/jobs/{made}/outputs/0")
    assert answer.content == large and answer.headers["content-length"] == str(len(large))


def test_a_signed_address_works_for_a_stranger_for_a_while(stack: Stack, stranger: httpx.Client) -> None:
    stack.creator.storage.put("signed/one", PNG, "image/png")
    address = stack.creator.storage.signed_url("signed/one", 60, "ein Bild.png")
    answer = stranger.get(address)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert "ein%20Bild.png" in answer.headers["content-disposition"]
    assert stranger.get(address.replace("signed/one", "signed/two")).status_code == 403
    assert stranger.get(address.replace("ein", "mein")).status_code == 403
    assert stranger.get(stack.creator.storage.signed_url("signed/one", -1, None)).status_code == 403
