"""The web bundle speaks to wherever its page came from."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from creator_app.supervise import bundle
from creator_app.supervise.web import Message, with_cache_headers


def test_the_placeholder_becomes_the_origin_of_the_page(tmp_path: Path) -> None:
    script = tmp_path / "env.js"
    script.write_text(
        'a={PING:`http://creator.invalid/ping`,EVENT:"ws://creator.invalid/_event"}'
        ",h=[`localhost`,`0.0.0.0`,`::`,`0:0:0:0:0:0:0:0`]"
    )
    bundle.serve_any_origin(tmp_path)
    assert script.read_text() == (
        'a={PING:(location.origin+"/ping"),EVENT:(location.origin.replace(/^http/,"ws")+"/_event")},h=[]'
    )


@pytest.mark.parametrize(
    "text", ["nothing here", "a=`http://creator.invalid/ping`", "a=`see http://creator.invalid/ping`"]
)
def test_a_bundle_that_reflex_writes_differently_is_not_served(tmp_path: Path, text: str) -> None:
    (tmp_path / "env.js").write_text(text)
    with pytest.raises(RuntimeError, match="placeholder"):
        bundle.serve_any_origin(tmp_path)


def test_the_version_of_the_bundle_follows_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundle.current()
    assert bundle.current() == before
    monkeypatch.setattr(bundle, "_SOURCES", (*bundle._SOURCES, "Makefile"))
    assert bundle.current() != before


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/assets/page-1a2b.js", 200, b"public, max-age=31536000, immutable"),
        ("/assets/missing.js", 404, b"no-cache"),
        ("/jobs", 200, b"no-cache"),
        ("/api/v1/jobs", 200, None),
    ],
)
def test_what_browsers_may_keep(path: str, status: int, expected: bytes | None) -> None:
    assert _header(path, status, []) == expected


def test_a_header_that_is_there_stays() -> None:
    assert _header("/assets/x.js", 200, [(b"cache-control", b"no-store")]) == b"no-store"


def _header(path: str, status: int, headers: list[tuple[bytes, bytes]]) -> bytes | None:
    sent: list[Message] = []

    async def app(scope: Message, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def send(message: Message) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as thread:  # the browser of other tests keeps a loop in this one
        thread.submit(
            asyncio.run, with_cache_headers(app)({"type": "http", "path": path}, None, send)
        ).result()
    return dict(sent[0]["headers"]).get(b"cache-control")
