"""What a file is says its content; a name that lies changes nothing."""

import io

import pytest
from PIL import Image

from creator_app.domain.content_types import OCTETS, content_type, safe_ending


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), "teal").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_pictures_are_known_whatever_they_are_called(kind: str) -> None:
    assert content_type(picture(kind)[:4096], "page.html") == f"image/{kind.lower()}"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"),
        (b"\x00\x00\x00\x20ftypqt  ", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x01\x00B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x01\x00B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"fLaC\x00", "audio/flac"),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"glTF\x02", "model/gltf-binary"),
        (b"", OCTETS),
        (b"\x00\x01\x02", OCTETS),
    ],
)
def test_other_files(head: bytes, kind: str) -> None:
    assert content_type(head, "x.png") == kind


ACTIVE = [
    b"<!DOCTYPE html><script>alert(1)</script>",
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    b"<?xml version='1.0'?><x/>",
    b"alert(document.cookie)",
]


@pytest.mark.parametrize("content", ACTIVE)
@pytest.mark.parametrize("name", ["a.png", "a.html", "a.svg", "a.js", "a.xml", "a.mp4", "a"])
def test_what_a_browser_would_run_has_no_type(content: bytes, name: str) -> None:
    assert content_type(content, name) == OCTETS


@pytest.mark.parametrize("content", ACTIVE)
def test_a_text_is_a_text_and_never_more(content: bytes) -> None:
    assert content_type(content, "a.txt") == "text/plain"


@pytest.mark.parametrize(
    ("kind", "name", "ending"),
    [
        ("image/png", "a.png", ".png"),
        ("image/png", "a.html", ".png"),
        ("image/jpeg", "a.JPEG", ".jpeg"),
        ("video/mp4", "a.webm", ".mp4"),
        (OCTETS, "a.png", ".bin"),
        (OCTETS, "a.html", ".html.txt"),
        (OCTETS, "a.js", ".js.txt"),
        (OCTETS, "a.latent", ".latent"),
        (OCTETS, "a.svg", ".svg"),
        (OCTETS, "a", ""),
        (OCTETS, "a.\u202egnp", ""),
        (OCTETS, "a.p ng", ""),
        ("text/plain", "a.txt", ".txt"),
    ],
)
def test_a_name_ends_as_the_file_is(kind: str, name: str, ending: str) -> None:
    assert safe_ending(kind, name) == ending
