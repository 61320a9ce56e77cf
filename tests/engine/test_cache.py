"""What runs again and what does not."""

from __future__ import annotations

import uuid


def _solid(color: int, prefix: str) -> dict:
    size = {"width": 8, "height": 8, "batch_size": 1, "color": color}
    return {
        "1": {"class_type": "EmptyImage", "inputs": size},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": prefix}},
    }


def _cached(engine, prompt) -> list[str]:
    messages = dict(map(tuple, engine.run(prompt)["status"]["messages"]))
    return messages["execution_cached"]["nodes"]


def test_only_what_changed_runs_again(engine):
    prefix = uuid.uuid4().hex
    assert _cached(engine, _solid(1, prefix)) == []
    assert _cached(engine, _solid(1, prefix)) == ["1", "2", "3"]
    assert _cached(engine, _solid(1, prefix + "x")) == ["1", "2"]
    assert _cached(engine, _solid(2, prefix + "x")) == []


def test_results_are_kept_for_the_next_prompt_alone(engine):
    prefix = uuid.uuid4().hex
    engine.run(_solid(1, prefix))
    engine.run(_solid(2, prefix))
    assert _cached(engine, _solid(1, prefix)) == []


def test_an_input_that_the_class_does_not_know_counts(engine):
    prompt = _solid(1, uuid.uuid4().hex)
    engine.run(prompt)
    prompt["2"]["inputs"]["note"] = "new"
    assert _cached(engine, prompt) == ["1"]


def test_a_twin_does_not_run_twice(engine):
    prompt = _solid(uuid.uuid4().int % 2**24, uuid.uuid4().hex)
    prompt["4"] = prompt["2"]
    prompt["5"] = {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}}
    client_id, listener = engine.listen()
    prompt_id = engine.submit(prompt, client_id=client_id)
    listener.finished(prompt_id)
    ran = [one["data"]["node"] for one in listener.heard if one["type"] == "executing"]
    assert sum(node in ("2", "4") for node in ran) == 1


def test_a_node_that_no_output_needs_does_not_run(engine):
    prompt = _solid(uuid.uuid4().int % 2**24, uuid.uuid4().hex)
    prompt["9"] = {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 31, "sigma": 1.0}}
    assert engine.run(prompt)["status"]["status_str"] == "success"  # it would fail: the radius does not fit
