"""POST /prompt answers every recorded body with the recorded status and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ANSWERS = json.loads((Path(__file__).parent.parent / "data" / "comfyui" / "prompt_answers.json").read_text())


@pytest.fixture
def known_picture(engine, picture):
    engine.upload("tiny.png", picture, overwrite="true")


@pytest.mark.parametrize(
    "case", ANSWERS, ids=[f"{index}-{case['about']}" for index, case in enumerate(ANSWERS)]
)
def test_the_recorded_answer_comes_back(engine, known_picture, case):
    answer = engine.http.post("/prompt", content=case["body"].encode())
    assert answer.status_code == case["status"], answer.text
    if case["status"] == 500:
        assert answer.headers["content-type"].startswith("text/plain")
        return
    got = answer.json()
    assert _comparable(got["node_errors"]) == _comparable(case["answer"]["node_errors"])
    assert got.get("error") == case["answer"].get("error")


def _comparable(node_errors: dict[str, Any]) -> dict[str, Any]:
    """Several errors of a node come in no fixed order; program frames differ."""
    result = json.loads(json.dumps(node_errors))
    for node in result.values():
        for error in node["errors"]:
            error["extra_info"].pop("traceback", None)
        node["errors"].sort(key=lambda error: json.dumps(error, sort_keys=True))
    return result


@pytest.mark.parametrize("name", ["../../../../etc/hostname", "/etc/hostname", "../outside.png", "a\0b", "."])
def test_a_file_outside_of_input_counts_as_missing(engine, name):
    (engine.process.folder / "outside.png").write_bytes(b"x")
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": name}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    answer = engine.http.post("/prompt", json={"prompt": prompt})
    assert answer.status_code == 400
    error = answer.json()["node_errors"]["1"]["errors"][0]
    assert error["type"] == "custom_validation_failed"
    assert error["details"] == f"image - Invalid image file: {name}"


def test_a_body_over_100_megabytes_is_refused(engine):
    answer = engine.http.post("/prompt", content=b" " * (100 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_rejected_prompts_count_up_the_number_and_front_turns_it_negative(engine, slow):
    first = engine.http.post("/prompt", json={"prompt": slow(1, 0)}).json()["number"]
    engine.http.post("/prompt", json={"nothing": 1})
    third = engine.http.post("/prompt", json={"prompt": slow(1, 0), "front": True}).json()["number"]
    assert third == -(first + 2)
    given = engine.http.post("/prompt", json={"prompt": slow(1, 0), "number": 5, "prompt_id": None})
    assert given.json()["number"] == 5.0
    assert given.json()["prompt_id"] == "None"
