"""The engine answers a recorded series of bad and odd requests with the recorded statuses and shapes."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).parent.parent / "data" / "transcripts" / "comfyui" / "l_bad_requests.json"
PORT = "8188"
BOUNDARY = "xyzzy"
#: A real server reads files outside of its folders; the engine must not. Their histories are missing then.
OUTSIDE = ("hostname", "outside")


def _exchanges() -> list[dict[str, Any]]:
    events = json.loads(RECORDED.read_text())["events"]
    return [one for one in events if one["kind"] == "http" and "MiB" not in one.get("note", "")]


def _multipart(form: dict[str, Any], picture: bytes) -> bytes:
    parts = [f'name="{key}"\r\n\r\n{value}'.encode() for key, value in form["fields"].items()]
    if form["len"] is not None:
        name = "" if form["filename"] is None else f'; filename="{form["filename"]}"'
        head = f'name="{form["file_field"]}"{name}\r\nContent-Type: {form["content_type"]}\r\n\r\n'
        parts.append(head.encode() + picture.ljust(form["len"], b"\0")[: form["len"]])
    start = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    return b"".join(start + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def _ask(address: str, exchange: dict[str, Any], picture: bytes) -> tuple[int, bytes]:
    headers = {
        key: value.replace(PORT, address.split(":")[1]) for key, value in exchange.get("headers", {}).items()
    }
    body = exchange.get("body")
    if "multipart" in exchange:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        content: bytes | None = _multipart(exchange["multipart"], picture)
    elif isinstance(body, str):
        content = body.encode()
    else:
        content = None if body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request(exchange["method"], exchange["path"], content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_every_recorded_request_gets_its_recorded_answer(start_engine):
    address = start_engine().url.removeprefix("http://")
    picture = (RECORDED.parents[2] / "comfyui" / "golden" / "inputs" / "gradient_64x48.png").read_bytes()
    wrong, asked = [], 0
    for exchange in _exchanges():
        if any(word in json.dumps(exchange.get("body", "")) for word in OUTSIDE):
            continue
        if exchange["path"].startswith("/history/") and exchange.get("resp_json"):
            continue  # of a prompt id that the recording server made up
        asked += 1
        status, content = _ask(address, exchange, picture)
        recorded = exchange.get("resp_json")
        if status != exchange["status"]:
            wrong.append(
                (exchange["method"], exchange["path"], exchange.get("body"), exchange["status"], status)
            )
        elif isinstance(recorded, dict) and "object_info" not in exchange["path"]:
            made = json.loads(content)
            assert set(made) == set(recorded), exchange["path"]
    assert not wrong
    assert asked > 80


@pytest.mark.parametrize("name", ["../../../../etc/hostname", "../../outside.png", "/etc/hostname"])
def test_files_outside_of_the_folders_count_as_missing(engine, name):
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": name}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    answer = engine.http.post("/prompt", json={"prompt": prompt})
    assert answer.status_code == 400
    assert answer.json()["node_errors"]["1"]["errors"][0]["type"] == "custom_validation_failed"
