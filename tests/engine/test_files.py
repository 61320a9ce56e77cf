"""Uploads and /view follow the recorded rules."""

from __future__ import annotations

import httpx
import pytest


def test_an_upload_keeps_its_name_unless_other_content_has_it(engine, picture):
    assert engine.upload("name.png", picture) == {"name": "name.png", "subfolder": "", "type": "input"}
    assert engine.upload("name.png", picture)["name"] == "name.png"
    assert engine.upload("name.png", b"other")["name"] == "name (1).png"
    assert engine.upload("name.png", b"third")["name"] == "name (2).png"
    assert engine.upload("name.png", b"other", overwrite="true")["name"] == "name.png"
    assert engine.upload("x.png", b"y", subfolder="a/b") == {
        "name": "x.png",
        "subfolder": "a/b",
        "type": "input",
    }
    assert engine.upload("ünï cödé 日本.png", b"y")["name"] == "ünï cödé 日本.png"
    assert engine.upload("empty", b"")["name"] == "empty"


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("x.png", {"subfolder": "../.."}, 400),
        ("x.png", {"subfolder": "/tmp"}, 400),
        ("..", {}, 400),
        ("x.png", {"type": "bogus"}, 500),
        ("a" * 300 + ".png", {}, 500),
        ("missing/x.png", {}, 500),
    ],
)
def test_a_bad_upload_is_refused(engine, name, fields, status):
    answer = engine.http.post("/upload/image", files={"image": (name, b"x")}, data=fields)
    assert answer.status_code == status


def test_an_upload_needs_its_field(engine):
    assert engine.http.post("/upload/image", files={"file": ("x.png", b"x")}).status_code == 400
    assert engine.http.post("/upload/image", json={"image": "x"}).status_code == 400


def test_a_mask_becomes_the_transparency_of_its_picture(engine, picture):
    engine.upload("masked.png", picture)
    reference = '{"filename": "masked.png", "subfolder": "", "type": "input"}'
    answer = engine.http.post(
        "/upload/mask", files={"image": ("mask.png", picture)}, data={"original_ref": reference}
    )
    assert answer.status_code == 200
    assert engine.view({"filename": answer.json()["name"], "type": "input"}).mode == "RGBA"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("filename=../../x", 400),
        ("filename=..%2F..%2Fmain.py", 400),
        ("filename=%2Fetc%2Fpasswd", 400),
        ("filename=x&subfolder=../..", 403),
        ("filename=passwd&subfolder=/etc", 403),
        ("filename=seen.png&type=bogus", 400),
        ("filename=seen.png&type=user", 400),
        ("filename=seen.png", 404),
        ("filename=", 400),
        ("", 404),
        ("filename=x%00.png", 404),
        ("filename=" + "a" * 300 + ".png&type=input", 404),
        ("filename=seen.png&type=input", 200),
        ("filename=seen.png%20%5Binput%5D", 200),
        ("filename=sub/seen.png&type=input", 200),
        ("filename=seen.png&type=input&channel=zzz", 200),
        ("filename=seen.png&type=input&preview=bogus;999", 500),
    ],
)
def test_view_answers_with_the_recorded_status(engine, picture, query, status):
    engine.upload("seen.png", picture)
    assert engine.http.get(f"/view?{query}").status_code == status


def test_view_gives_ranges_previews_and_channels(engine, picture):
    engine.upload("parts.png", picture)
    entry = {"filename": "parts.png", "type": "input"}
    part = engine.http.get("/view", params=entry, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, picture[:10])
    assert part.headers["content-range"] == f"bytes 0-9/{len(picture)}"
    preview = engine.http.get("/view", params={**entry, "preview": "webp;75"})
    assert preview.headers["content-type"] == "image/webp"
    assert engine.view({**entry, "channel": "a"}).mode == "RGBA"
    assert engine.view({**entry, "channel": "rgb"}).mode == "RGB"


def test_a_page_is_not_served_as_a_page(engine):
    engine.upload("page.html", b"<script>alert(1)</script>")
    answer = engine.http.get("/view", params={"filename": "page.html", "type": "input"})
    assert answer.headers["content-type"] == "application/octet-stream"


def test_another_origin_on_this_machine_is_refused(engine):
    own = engine.url
    assert engine.http.get("/prompt", headers={"Origin": own}).status_code == 200
    for origin in ("http://evil.example", "http://127.0.0.1:1", own.replace("127.0.0.1", "localhost")):
        assert engine.http.get("/prompt", headers={"Origin": origin}).status_code == 403
        assert engine.http.options("/prompt", headers={"Origin": origin}).status_code == 403
        assert engine.http.get("/ws", headers={"Origin": origin}).status_code == 403
    foreign = {"Host": "comfy.example:8188", "Origin": "http://evil.example"}
    assert engine.http.get("/prompt", headers=foreign).status_code == 200


def test_every_route_is_under_api_too(engine):
    for path in ("/prompt", "/queue", "/history", "/object_info", "/system_stats", "/features"):
        plain, api = engine.http.get(path), engine.http.get(f"/api{path}")
        assert plain.status_code == api.status_code == 200
    assert engine.http.get("/nosuch").status_code == 404
    assert engine.http.put("/prompt", json={}).status_code == 405


def test_object_info_describes_one_node_or_all(engine, picture):
    engine.upload("listed.png", picture)
    everything = engine.http.get("/object_info").json()
    one = engine.http.get("/object_info/LoadImage").json()["LoadImage"]
    assert "listed.png" in one["input"]["required"]["image"][0]
    assert one["output"] == ["IMAGE", "MASK"]
    assert everything["SaveImage"]["output_node"] is True
    assert engine.http.get("/object_info/NoSuchNode").json() == {}


def test_a_client_without_keep_alive_is_served(engine):
    assert httpx.get(f"{engine.url}/prompt", headers={"Connection": "close"}).status_code == 200
