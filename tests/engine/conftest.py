"""A real engine process on a free port, and a small client that speaks to it over sockets."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket
from PIL import Image

DATA = Path(__file__).parent.parent / "data" / "comfyui"
ROOT = Path(__file__).parent.parent.parent


class EngineProcess:
    """The engine as operators start it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "jobs_worker.embedded_comfyui", "--port", "0", "--dir", str(folder)]
        self.process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()
        match = re.match(r"engine ready on (http://127\.0\.0\.1:(\d+))\n$", self.ready_line)
        assert match, self.ready_line
        self.url = match[1]

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=5)


class Listener:
    """A websocket that collects what it hears."""

    def __init__(self, url: str, client_id: str, handshake: bool) -> None:
        address = f"{url.replace('http', 'ws', 1)}/ws?clientId={client_id}"
        self.socket = websocket.create_connection(address, timeout=10, suppress_origin=True)
        self.heard: list[Any] = []
        if handshake:
            flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
            self.socket.send(json.dumps(flags))
        self.greeting = self.next()
        if handshake:
            self.flags = self.next()

    def next(self) -> Any:
        raw = self.socket.recv()
        message = raw if isinstance(raw, bytes) else json.loads(raw)
        self.heard.append(message)
        return message

    def until(self, kind: str, **data: Any) -> dict[str, Any]:
        """Read on until a message of that type with those values comes."""
        while True:
            message = self.next()
            if isinstance(message, bytes) or message["type"] != kind:
                continue
            if all(message["data"].get(key) == value for key, value in data.items()):
                return message["data"]

    def finished(self, prompt_id: str) -> None:
        self.until("executing", node=None, prompt_id=prompt_id)

    def types(self) -> list[str]:
        """Types in order, status and pictures left out."""
        return [one["type"] for one in self.heard if isinstance(one, dict) and one["type"] != "status"]

    def close(self) -> None:
        self.socket.close()


class Engine:
    """What a client does with an engine."""

    def __init__(self, process: EngineProcess) -> None:
        self.process = process
        self.url = process.url
        self.http = httpx.Client(base_url=process.url, timeout=10)
        self._listeners: list[Listener] = []

    def listen(self, client_id: str | None = None, handshake: bool = False) -> tuple[str, Listener]:
        client_id = client_id or uuid.uuid4().hex
        listener = Listener(self.url, client_id, handshake)
        self._listeners.append(listener)
        return client_id, listener

    def upload(self, name: str, content: bytes, **fields: str) -> dict[str, str]:
        answer = self.http.post("/upload/image", files={"image": (name, content)}, data=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, prompt: dict[str, Any], **more: Any) -> str:
        answer = self.http.post("/prompt", json={"prompt": prompt, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()["prompt_id"]

    def run(self, prompt: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Submit, wait for the end and return the history entry."""
        client_id, listener = self.listen()
        prompt_id = self.submit(prompt, client_id=client_id, **more)
        listener.finished(prompt_id)
        return self.history(prompt_id)

    def history(self, prompt_id: str) -> dict[str, Any]:
        return self.http.get(f"/history/{prompt_id}").json()[prompt_id]

    def view(self, entry: dict[str, str]) -> Image.Image:
        return Image.open(io.BytesIO(self.http.get("/view", params=entry).content))

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        self.http.close()


@pytest.fixture(scope="session")
def engine_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path_factory.mktemp("engine"), "--probe-nodes")
    yield process
    process.end()


@pytest.fixture
def engine(engine_process: EngineProcess) -> Iterator[Engine]:
    client = Engine(engine_process)
    yield client
    client.http.post("/queue", json={"clear": True})
    client.http.post("/interrupt")
    client.close()


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[Any]:
    """Starts further engines; ends them all."""
    started: list[EngineProcess] = []

    def start(*options: str) -> EngineProcess:
        started.append(EngineProcess(tmp_path / f"engine{len(started)}", *options))
        return started[-1]

    yield start
    for process in started:
        if process.process.poll() is None:
            process.end()


@pytest.fixture(scope="session")
def picture() -> bytes:
    return (DATA / "golden" / "inputs" / "gradient_64x48.png").read_bytes()


@pytest.fixture
def scaled(engine: Engine, picture: bytes) -> Any:
    """A prompt load -> scale -> save; every call gives other sizes or prefixes as wanted."""
    name = engine.upload("scaled.png", picture)["name"]

    def prompt(width: int = 32, prefix: str = "scaled/x") -> dict[str, Any]:
        scale = {
            "image": ["1", 0],
            "upscale_method": "bilinear",
            "width": width,
            "height": 24,
            "crop": "disabled",
        }
        return {
            "1": {"class_type": "LoadImage", "inputs": {"image": name}},
            "2": {"class_type": "ImageScale", "inputs": scale},
            "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": prefix}},
        }

    return prompt


@pytest.fixture
def slow() -> Any:
    """A prompt that takes `steps` steps of `step_ms` ms."""

    def prompt(steps: int = 100, step_ms: int = 20, preview: bool = False) -> dict[str, Any]:
        seed = uuid.uuid4().int % 2**32
        probe = {"image": ["1", 0], "steps": steps, "step_ms": step_ms, "preview": preview, "seed": seed}
        empty = {"width": 64, "height": 64, "batch_size": 1, "color": seed % 2**24}  # never cached
        return {
            "1": {"class_type": "EmptyImage", "inputs": empty},
            "2": {"class_type": "ProbeSteps", "inputs": probe},
            "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "slow/x"}},
        }

    return prompt
