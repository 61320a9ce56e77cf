"""What Creator adds to a job: its REST API against a bare script that talks to the same engine.

Both upload the same kind of picture (1024×1024, distinct each time, so that nothing is cached), run the same
workflow and download the result; they take turns. The floor is the bare script.

Usage: python -m bench.overhead [--home .creator] [--runs 30]
Needs a running stack (`make run`).
"""

import argparse
import io
import json
import os
import statistics
import sys
import time
import uuid
from pathlib import Path

import httpx
import numpy as np
import websocket
from PIL import Image

from bench.stack import Stack, find_stack

SLUG = "square-post"


def picture(seed: int) -> bytes:
    """A 1024×1024 PNG of soft noise that no other seed gives."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((1024, 1024), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def through_creator(client: httpx.Client, data: bytes) -> float:
    """Submit → output downloaded through the REST API, in seconds."""
    began = time.perf_counter()
    answer = client.post(
        "/api/v1/jobs", data={"recipe": SLUG}, files={"image": ("bench.png", data, "image/png")}
    )
    answer.raise_for_status()
    job = answer.json()
    url = f"/api/v1/jobs/{job['id']}"
    with client.stream("GET", f"{url}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data:") and json.loads(line[5:]).get("status") in (
                "succeeded",
                "failed",
                "canceled",
            ):
                break
    job = client.get(url).raise_for_status().json()
    if job["status"] != "succeeded":
        raise SystemExit(f"The job ended as {job['status']}: {job['error']}")
    client.get(job["outputs"][0]["url"]).raise_for_status()
    return time.perf_counter() - began


def bare(client: httpx.Client, engine: str, workflow: dict[str, dict], load_node: str, data: bytes) -> float:
    """The same, by a script that knows only ComfyUI, in seconds."""
    began = time.perf_counter()
    client_id, prompt_id = uuid.uuid4().hex, str(uuid.uuid4())
    name = client.post("/upload/image", files={"image": (f"{prompt_id}.png", data, "image/png")}).json()[
        "name"
    ]
    prompt = json.loads(json.dumps(workflow))
    prompt[load_node]["inputs"]["image"] = name
    for node in prompt.values():
        if "filename_prefix" in node["inputs"]:
            node["inputs"]["filename_prefix"] = f"bench/{prompt_id}"
    socket = websocket.create_connection(f"{engine.replace('http', 'ws')}/ws?clientId={client_id}")
    body = {"prompt": prompt, "client_id": client_id, "prompt_id": prompt_id}
    client.post("/prompt", json=body).raise_for_status()
    while True:
        message = socket.recv()
        if not isinstance(message, str):
            continue
        parsed = json.loads(message)
        done = parsed["type"] == "executing" and parsed["data"].get("node") is None
        if done and parsed["data"].get("prompt_id") == prompt_id:
            break
    socket.close()
    history = client.get(f"/history/{prompt_id}").json()[prompt_id]
    for output in history["outputs"].values():
        for image in output.get("images", []):
            client.get("/view", params=image).raise_for_status()
    return time.perf_counter() - began


def main() -> int:
    """Runs both in turn and prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("CREATOR_HOME", ".creator")))
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    stack: Stack = find_stack(options.home)
    creator_client = httpx.Client(
        base_url=stack.url, headers={"Authorization": f"Bearer {stack.api_key}"}, timeout=60
    )
    bare_client = httpx.Client(base_url=stack.engine, timeout=60)
    workflow, load_node = stack.workflow(SLUG)
    ours, floor = [], []
    for run in range(-3, options.runs):
        a = bare(bare_client, stack.engine, workflow, load_node, picture(2 * run + 1_000))
        b = through_creator(creator_client, picture(2 * run + 1_001))
        if run >= 0:
            floor.append(a * 1000)
            ours.append(b * 1000)
    difference = [b - a for a, b in zip(floor, ours, strict=True)]
    print(f"{options.runs} runs each, in turn, {SLUG}, 1024×1024, distinct inputs")
    print(f"{'what':34}{'median ms':>12}{'p95 ms':>10}{'ratio':>8}")
    for name, values in (("bare script (floor)", floor), ("Creator, REST", ours), ("difference", difference)):
        ratio = statistics.median(values) / statistics.median(floor)
        print(f"{name:34}{statistics.median(values):12.1f}{_p95(values):10.1f}{ratio:8.2f}")
    return 0


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


if __name__ == "__main__":
    sys.exit(main())
