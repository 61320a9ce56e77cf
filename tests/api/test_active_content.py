"""Nothing that a browser would run is ever shown, whatever a server or a recipe called it."""

import io

import httpx
import pytest
from PIL import Image

from tests.api.stack import Stack, picture

HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
ACTIVE = [
    ("a.html", "text/html", HTML),
    ("a.xhtml", "application/xhtml+xml", HTML),
    ("a.svg", "image/svg+xml", SVG),
    ("a.svg", "image/svg+xml; charset=utf-8", SVG),
    ("a.js", "text/javascript", b"alert(1)"),
    ("a.xml", "application/xml", b"<?xml version='1.0'?><x/>"),
    ("a.txt", "text/plain", HTML),
    ("a.pdf", "application/pdf", b"%PDF-1.7"),
    ("a.png", "application/octet-stream", HTML),
    ("a.json", "application/json", b"{}"),
]


def is_only_downloaded(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(("name", "kind", "content"), ACTIVE)
def test_active_results_are_only_downloaded(
    stack: Stack, person: httpx.Client, name: str, kind: str, content: bytes
) -> None:
    job = stack.submit(person)["id"]
    stack.finish(job, [(name, kind, content)])
    is_only_downloaded(person.get(f"/api/v1/jobs/{job}/outputs/0"))
    assert person.get(f"/api/v1/jobs/{job}/outputs/0?width=160").status_code == 404


@pytest.mark.parametrize("content", [HTML, SVG])
@pytest.mark.parametrize("name", ["a.png", "a.html", "a.mp4", None])
def test_a_signed_address_shows_only_what_the_content_is(
    stack: Stack, person: httpx.Client, content: bytes, name: str | None
) -> None:
    job = stack.submit(person)["id"]
    stack.finish(job, [("a.png", "image/png", content)])
    is_only_downloaded(httpx.get(stack.url + signed(stack, job, name)))


def test_a_signed_picture_is_a_picture(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)["id"]
    stack.finish(job, [("a.html", "text/html", picture())])
    answer = httpx.get(stack.url + signed(stack, job, None))
    assert answer.headers["content-type"] == "image/png"


def signed(stack: Stack, job: str, name: str | None) -> str:
    (kept,) = stack.creator.storage.list(f"jobs/{job}").items
    return stack.creator.storage.signed_url(kept.key, 60, name)


def test_a_hostile_picture_is_no_small_version(stack: Stack, person: httpx.Client) -> None:
    """PostScript has a decoder, too, that would start another program."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "EPS")
    job = stack.submit(person)["id"]
    stack.finish(job, [("a.png", "image/png", buffer.getvalue())])
    assert person.get(f"/api/v1/jobs/{job}/outputs/0?width=160").status_code == 404


def test_a_preview_is_for_its_own_account_alone(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)["id"]
    stack.creator.publisher.preview(job, picture(kind="JPEG"))
    other = stack.person()
    assert person.get(f"/api/v1/jobs/{job}/preview").status_code == 200
    assert other.get(f"/api/v1/jobs/{job}/preview").status_code == 404
    assert httpx.get(f"{stack.url}/api/v1/jobs/{job}/preview").status_code == 401


def test_a_preview_that_is_no_picture_is_not_shown(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)["id"]
    stack.creator.publisher.preview(job, HTML)
    assert person.get(f"/api/v1/jobs/{job}/preview").status_code == 404


def test_only_the_latest_preview_is_there_and_it_ends_with_the_job(
    stack: Stack, person: httpx.Client
) -> None:
    job = stack.submit(person)["id"]
    for color in ("navy", "teal"):
        stack.creator.publisher.preview(job, picture(color=color, kind="PNG"))
    shown = person.get(f"/api/v1/jobs/{job}/preview")
    assert shown.content == picture(color="teal", kind="PNG")
    assert shown.headers["content-type"] == "image/png"
    stack.finish(job, [("a.png", "image/png", picture())])
    assert person.get(f"/api/v1/jobs/{job}/preview").status_code == 404
