"""The engine as a process: start, end, and what it leaves."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent.parent


def test_it_ends_cleanly_on_sigterm_even_while_a_node_runs(start_engine):
    process = start_engine("--probe-nodes")
    block = {"image": ["1", 0], "ms": 60000, "seed": 1}
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 5}},
        "2": {"class_type": "ProbeBlock", "inputs": block},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    assert httpx.post(f"{process.url}/prompt", json={"prompt": prompt}).status_code == 200
    while not httpx.get(f"{process.url}/queue").json()["queue_running"]:
        time.sleep(0.01)
    assert process.end() == 0


def test_probe_nodes_are_not_there_by_default_and_metadata_can_be_left_out(start_engine):
    process = start_engine("--disable-metadata")
    assert httpx.get(f"{process.url}/object_info/ProbeSteps").json() == {}
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 5}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "bare"}},
    }
    assert httpx.post(f"{process.url}/prompt", json={"prompt": prompt}).status_code == 200
    saved = process.folder / "output" / "bare_00001_.png"
    while not saved.exists():
        time.sleep(0.01)
    assert b"tEXt" not in saved.read_bytes()


def test_a_taken_port_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "jobs_worker.embedded_comfyui",
            "--port",
            str(port),
            "--dir",
            str(tmp_path),
        ]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"The engine cannot start on 127.0.0.1:{port}")
    assert "Traceback" not in result.stderr


def test_it_imports_neither_reflex_nor_the_application():
    check = "import sys, jobs_worker.embedded_comfyui.__main__; print(*sys.modules)"
    command = [sys.executable, "-c", check]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not {"reflex", "creator_app", "torch", "sqlalchemy"} & set(names)
