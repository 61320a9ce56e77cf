"""Results in a bucket that browsers reach: the storage's own server hands them out, as we tell it to."""

import secrets
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.api.stack import Stack, picture, running

PNG = picture((200, 100), "navy")
NAME = "Käse “1” 图.png"
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, s3_server: str) -> Iterator[Stack]:
    public = quote("http://" + s3_server.rpartition("@")[2])
    url = f"{s3_server}/direct-{secrets.token_hex(4)}?secure=0&public={public}"
    with running(tmp_path_factory.mktemp("creator"), STORAGE_URL=url) as stack:
        yield stack


def finished(stack: Stack, person: httpx.Client, name: str, kind: str, data: bytes) -> str:
    """Where the result of a finished job is."""
    job = stack.submit(person)["id"]
    stack.finish(job, [(name, kind, data)])
    return f"/api/v1/jobs/{job}/outputs/0"


def test_a_browser_is_sent_to_the_storage(stack: Stack, person: httpx.Client) -> None:
    path = finished(stack, person, NAME, "image/png", PNG)
    sent = person.get(path)
    assert (sent.status_code, sent.content) == (307, b"")
    assert sent.headers["cache-control"] == "private, no-store"
    assert sent.headers["referrer-policy"] == "no-referrer"
    answer = httpx.get(sent.headers["location"])
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline;")
    saved = person.get(path, params={"download": 1}, follow_redirects=True)
    assert saved.content == PNG and saved.headers["content-disposition"].startswith("attachment;")
    assert "K%C3%A4se%20%E2%80%9C1%E2%80%9D%20%E5%9B%BE.png" in saved.headers["content-disposition"]
    assert person.get(path, headers={"Range": "bytes=0-9"}, follow_redirects=True).content == PNG[:10]


def test_what_went_in_is_handed_out_likewise(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)["id"]
    assert person.get(f"/api/v1/jobs/{job}/inputs/image").status_code == 307


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("a.html", "text/html", HTML),
        ("a.svg", "image/svg+xml", SVG),
        ("a.svg", "image/svg+xml; charset=utf-8", SVG),
        ("a.txt", "text/plain", HTML),
        ("a.js", "text/javascript", b"alert(1)"),
        ("a.pdf", "application/pdf", b"%PDF-1.7"),
    ],
)
def test_active_results_are_only_downloaded(
    stack: Stack, person: httpx.Client, name: str, kind: str, data: bytes
) -> None:
    answer = person.get(finished(stack, person, name, kind, data), follow_redirects=True)
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.url.port != httpx.URL(stack.url).port
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    shown = str(answer.url).replace("response-content-type=application%2Foctet-stream", "")
    assert httpx.get(shown).status_code == 403


def test_an_address_is_for_its_own_account_and_for_a_while(stack: Stack, person: httpx.Client) -> None:
    path = finished(stack, person, "a.png", "image/png", PNG)
    with stack.person() as other, stack.client() as stranger:
        assert other.get(path).status_code == 404
        assert stranger.get(path).status_code == 401
    assert "X-Amz-Expires=60&" in person.get(path).headers["location"]


def test_what_is_small_or_made_on_the_way_still_comes_from_us(stack: Stack, person: httpx.Client) -> None:
    path = finished(stack, person, "a.png", "image/png", PNG)
    job = path.rpartition("/outputs")[0]
    assert person.get(f"{path}?width=160").headers["content-type"] == "image/webp"
    assert person.get(f"{job}/outputs.zip").status_code == 200
    assert person.head(path).headers["content-length"] == str(len(PNG))
    tag = person.head(path).headers["etag"]
    assert person.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_a_signed_address_works_for_a_stranger(stack: Stack, stranger: httpx.Client) -> None:
    stack.creator.storage.put("signed/one", HTML, "text/html")
    address = stack.creator.storage.signed_url("signed/one", 60, "ein Bild.png")
    answer = stranger.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert stranger.get(address.replace("signed/one", "signed/two")).status_code == 403


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory, s3_server: str) -> Iterator[Stack]:
    """A Creator whose operator has not said that browsers reach the server."""
    url = f"{s3_server}/hidden-{secrets.token_hex(4)}?secure=0"
    with running(tmp_path_factory.mktemp("hidden"), STORAGE_URL=url) as stack:
        yield stack


def test_without_the_operators_word_files_come_from_us(hidden: Stack) -> None:
    with hidden.person() as person:
        answer = person.get(finished(hidden, person, "a.svg", "image/svg+xml", SVG))
    assert (answer.status_code, answer.content) == (200, SVG)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
