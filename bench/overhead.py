"""What Creator adds to a job: its REST API against a bare script that talks to the same engine.

Both upload the same kind of picture (1024×1024, distinct each time, so that nothing is cached), run the same
workflow and download the result; they take turns. The floor is the bare script.
"""

import io
import json
import statistics
import time
import uuid
from typing import Any

import httpx
import numpy as np
import websocket
from PIL import Image

from bench.lab import Lab
from bench.stack import find_stack
from bench.table import part, say, show

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
    files = {"image": ("bench.png", data, "image/png")}
    job = client.post("/api/v1/jobs", data={"recipe": SLUG}, files=files).raise_for_status().json()
    job = _ended(client, f"/api/v1/jobs/{job['id']}/events")
    if job["status"] != "succeeded":
        raise SystemExit(f"The job ended as {job['status']}: {job['error']}")
    client.get(job["outputs"][0]["url"]).raise_for_status()
    return time.perf_counter() - began


def _ended(client: httpx.Client, url: str) -> dict[str, Any]:
    """The job as its stream of events tells it last."""
    with client.stream("GET", url) as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                job: dict[str, Any] = json.loads(line[5:])
                if job.get("status") in ("succeeded", "failed", "canceled"):
                    return job
    raise SystemExit("The stream of events ended before the job did.")


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


def measure(lab: Lab, runs: int = 30) -> None:
    """Runs both in turn and prints the table.

    Args:
        lab: where Creator runs.
        runs: of each, after three that are not counted.
    """
    say(f"overhead: {runs} jobs over REST and {runs} by a bare script, in turn")
    stack = find_stack(lab.up().home)
    key = {"Authorization": f"Bearer {stack.api_key}"}
    workflow, load_node = stack.workflow(SLUG)
    ours, floor = [], []
    with (
        httpx.Client(base_url=stack.url, headers=key, timeout=60) as creator,
        httpx.Client(base_url=stack.engine, timeout=60) as engine,
    ):
        for run in range(-3, runs):
            a = bare(engine, stack.engine, workflow, load_node, picture(2 * run + 1_000))
            b = through_creator(creator, picture(2 * run + 1_001))
            if run >= 0:
                floor.append(a * 1000)
                ours.append(b * 1000)
    added = [b - a for a, b in zip(floor, ours, strict=True)]
    base = statistics.median(floor)
    rows = [
        [name, statistics.median(values), part(values, 0.95), statistics.median(values) / base]
        for name, values in (("bare script (floor)", floor), ("Creator, REST", ours), ("added", added))
    ]
    title = f"(a) what Creator adds to a job: {SLUG}, 1024×1024, distinct inputs, {runs} runs (aim ≤ 100 ms)"
    show(title, ["", "median ms", "p95 ms", "× floor"], rows)
