"""What the built-in engine's nodes take, and whole prompts against a real ComfyUI.

Nodes run in this process, one by one, on pictures of 1024² and 4096²; the floor is a copy of the same picture
in memory. Whole prompts run in an engine of its own, POST until `executing` null; the floor is what was
recorded of ComfyUI 0.3.64 on two cores.
"""

import io
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import websocket
from PIL import Image

from bench.table import say, show
from jobs_worker.embedded_comfyui.folders import Folders
from jobs_worker.embedded_comfyui.nodes import NODES

SIDES = (1024, 4096)
#: Medians in ms; the picture is 1024² in both.
RECORDED_MS = {"to 512², lanczos": 178.3, "to 1024², bilinear": 386.8}


class Alone:
    """What a node sees of a prompt when it runs alone."""

    png_info = None

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(folder)
        self.prompt: dict[str, Any] = {}

    def check_interrupt(self) -> None:
        """Nobody cancels a measurement."""

    def progress(self, value: int, maximum: int, preview: Any = None) -> None:
        """Nobody looks."""


def cases(side: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, node class and inputs of everything that is measured."""
    rng = np.random.default_rng(side)
    small = rng.random((1, side // 32, side // 32, 3), np.float32)
    image = np.repeat(np.repeat(small, 32, axis=1), 32, axis=2)
    other, mask = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(image[..., 0])
    pair = {"image1": image, "image2": other}
    for method in ("nearest-exact", "bilinear", "area", "bicubic", "lanczos"):
        for share in (0.5, 0.7):
            size = {"width": int(side * share), "height": int(side * share), "crop": "disabled"}
            yield (
                f"ImageScale {method} × {share}",
                "ImageScale",
                {"image": image, "upscale_method": method, **size},
            )
    for mode in ("normal", "multiply", "overlay", "soft_light"):
        yield f"ImageBlend {mode}", "ImageBlend", {**pair, "blend_factor": 0.5, "blend_mode": mode}
    yield "ImageInvert", "ImageInvert", {"image": image}
    for radius in (1, 10):
        options = {"blur_radius": radius, "sigma": 1.0}
        yield f"ImageBlur radius {radius}", "ImageBlur", {"image": image, **options}
    yield "ImageSharpen", "ImageSharpen", {"image": image, "sharpen_radius": 1, "sigma": 1.0, "alpha": 1.0}
    yield "ImageQuantize", "ImageQuantize", {"image": image, "colors": 16, "dither": "none"}
    yield "ImageAddNoise", "ImageAddNoise", {"image": image, "seed": 1, "strength": 0.5}
    yield "Morphology dilate 5", "Morphology", {"image": image, "operation": "dilate", "kernel_size": 5}
    yield "Canny", "Canny", {"image": image, "low_threshold": 0.1, "high_threshold": 0.2}
    yield "ImageCrop", "ImageCrop", {"image": image, "width": side // 2, "height": side // 2, "x": 9, "y": 9}
    yield "ImageFlip", "ImageFlip", {"image": image, "flip_method": "x-axis: vertically"}
    yield "ImageRotate 90", "ImageRotate", {"image": image, "rotation": "90 degrees"}
    sides = dict.fromkeys(("left", "top", "right", "bottom"), 64)
    yield "ImagePadForOutpaint", "ImagePadForOutpaint", {"image": image, **sides, "feathering": 40}
    place = {"destination": image, "source": other, "x": 8, "y": 8, "resize_source": False, "mask": mask}
    yield "ImageCompositeMasked", "ImageCompositeMasked", place
    alphas = {"source_alpha": mask, "destination_alpha": mask}
    over = {"source": image, "destination": other, **alphas, "mode": "SRC_OVER"}
    yield "PorterDuff SRC_OVER", "PorterDuffImageComposite", over
    yield "JoinImageWithAlpha", "JoinImageWithAlpha", {"image": image, "alpha": mask}
    yield "ImageRGBToYUV", "ImageRGBToYUV", {"image": image}
    yield "ImageColorToMask", "ImageColorToMask", {"image": image, "color": 0x203040}
    yield "GrowMask 8", "GrowMask", {"mask": mask, "expand": 8, "tapered_corners": True}
    yield "FeatherMask", "FeatherMask", {"mask": mask, **sides}
    yield "MaskComposite add", "MaskComposite", {
        "destination": mask, "source": mask, "x": 0, "y": 0, "operation": "add"
    }  # fmt: skip
    yield "SaveImage", "SaveImage", {"images": image, "filename_prefix": "bench"}
    yield "copy in memory (floor)", "", {"image": image}


def node_ms(run: Alone, class_type: str, inputs: dict[str, Any]) -> float:
    """One run of a node; without a class, a copy of the picture."""
    began = time.perf_counter()
    if class_type:
        NODES[class_type]().run(run, **inputs)
    else:
        inputs["image"].copy()
    return (time.perf_counter() - began) * 1000


def measure(runs: int = 5) -> None:
    """Prints both tables.

    Args:
        runs: of each node, after one that does not count; three at most on pictures of 4096².
    """
    say(f"nodes of the built-in engine on {' and '.join(f'{side}²' for side in SIDES)}")
    medians: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="creator-bench-nodes-") as folder:
        run = Alone(Path(folder))
        for side in SIDES:
            counted = runs if side == SIDES[0] else min(runs, 3)
            for name, class_type, inputs in cases(side):
                node_ms(run, class_type, inputs)
                values = [node_ms(run, class_type, inputs) for _ in range(counted)]
                medians.setdefault(name, []).append(statistics.median(values))
    floor = medians["copy in memory (floor)"]
    rows = [[name, *values, values[-1] / floor[-1]] for name, values in medians.items()]
    show("nodes, median", ["", "1024² ms", "4096² ms", "× floor"], rows)
    _show_prompts(max(runs, 10))


def _show_prompts(runs: int) -> None:
    say(f"whole prompts in the built-in engine: {runs} of each")
    rows = []
    with _engine() as url, httpx.Client(base_url=url, timeout=60) as client:
        for name, recorded in RECORDED_MS.items():
            size, method = re.findall(r"(\d+)², (\w+)", name)[0]
            values = [_prompt_ms(client, url, int(size), method, seed) for seed in range(-2, runs)][2:]
            rows.append([name, statistics.median(values), recorded, statistics.median(values) / recorded])
    columns = ["1024² noise", "median ms", "ComfyUI ms", "× ComfyUI"]
    show("whole prompts: load, scale, save; distinct inputs (aim ≤ 1 × ComfyUI)", columns, rows)


@contextmanager
def _engine() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="creator-bench-engine-") as folder:
        command = [sys.executable, "-m", "jobs_worker.embedded_comfyui", "--port", "0", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(timeout=10)


def noise(seed: int) -> bytes:
    """A 1024² PNG of noise, as in the recording: the hardest thing to load and to save."""
    levels = np.random.default_rng(seed).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _prompt_ms(client: httpx.Client, url: str, size: int, method: str, seed: int) -> float:
    """POST until `executing` null, as it was recorded; the upload is not part of it."""
    content = {"image": (f"{uuid.uuid4().hex}.png", noise(seed + 5000), "image/png")}
    name = client.post("/upload/image", files=content).raise_for_status().json()["name"]
    scale = {"image": ["1", 0], "upscale_method": method, "width": size, "height": size, "crop": "disabled"}
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": name}},
        "2": {"class_type": "ImageScale", "inputs": scale},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "bench/x"}},
    }
    client_id = uuid.uuid4().hex
    socket = websocket.create_connection(f"{url.replace('http', 'ws')}/ws?clientId={client_id}", timeout=60)
    began = time.perf_counter()
    body = {"prompt": prompt, "client_id": client_id}
    prompt_id = client.post("/prompt", json=body).raise_for_status().json()["prompt_id"]
    while True:
        message = json.loads(socket.recv())
        data = message["data"]
        if message["type"] == "executing" and data["node"] is None and data["prompt_id"] == prompt_id:
            break
    taken = (time.perf_counter() - began) * 1000
    socket.close()
    return taken
