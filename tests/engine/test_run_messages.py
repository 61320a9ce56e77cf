"""What a listener hears of a run, in which order, and what the history says after it."""

from __future__ import annotations

import json
import struct
import time

import pytest


def test_a_run_tells_its_story_in_the_recorded_order(engine, scaled):
    client_id, listener = engine.listen()
    assert listener.greeting == {
        "type": "status",
        "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client_id},
    }
    prompt_id = engine.submit(scaled(41, "order/x"), client_id=client_id, prompt_id="order-1")
    assert prompt_id == "order-1"
    listener.finished(prompt_id)
    node = ["progress_state", "executing", "progress_state"]
    saving = ["progress_state", "executing", "executed", "progress_state"]
    ending = ["execution_success", "executing"]
    assert listener.types() in (
        ["execution_start", "execution_cached", *node, *node, *saving, *ending],
        ["execution_start", "execution_cached", *node, *saving, *ending],
    )
    executed = next(one["data"] for one in listener.heard if one["type"] == "executed")
    picture = {"filename": "x_00001_.png", "subfolder": "order", "type": "output"}
    expected = {"node": "3", "display_node": "3", "output": {"images": [picture]}, "prompt_id": prompt_id}
    assert executed == expected
    assert listener.heard[-2] == {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}}}


def test_the_history_is_there_when_the_last_message_comes(engine, slow):
    client_id, listener = engine.listen()
    for _ in range(20):
        prompt_id = engine.submit(slow(1, 0), client_id=client_id)
        listener.finished(prompt_id)
        entry = engine.history(prompt_id)
        assert entry["status"]["status_str"] == "success"
        assert [name for name, _ in entry["status"]["messages"]] == [
            "execution_start",
            "execution_cached",
            "execution_success",
        ]
        assert entry["prompt"][1] == prompt_id
        assert entry["prompt"][3] == {"client_id": client_id}
        assert entry["prompt"][4] == ["3"]
        assert entry["meta"]["3"]["node_id"] == "3"


def test_a_repeated_prompt_is_answered_from_the_cache(engine, scaled):
    first = engine.run(scaled(33, "cached/x"))
    client_id, listener = engine.listen()
    prompt_id = engine.submit(scaled(33, "cached/x"), client_id=client_id)
    listener.finished(prompt_id)
    assert listener.types() == [
        "execution_start",
        "execution_cached",
        "executed",
        "progress_state",
        "execution_success",
        "executing",
    ]
    assert engine.history(prompt_id)["outputs"] == first["outputs"]


def test_an_own_prefix_runs_the_saving_alone(engine, scaled):
    engine.run(scaled(34, "own/x"))
    client_id, listener = engine.listen()
    prompt_id = engine.submit(scaled(34, "own/y"), client_id=client_id)
    listener.finished(prompt_id)
    assert next(one["data"]["nodes"] for one in listener.heard if one["type"] == "execution_cached") == [
        "1",
        "2",
    ]
    assert engine.history(prompt_id)["outputs"]["3"]["images"][0]["filename"] == "y_00001_.png"


def test_other_content_under_the_same_name_is_noticed(engine, scaled, picture):
    prompt = scaled(35, "content/x")
    engine.run(prompt)
    engine.upload("scaled.png", picture + b"changed", overwrite="true")
    entry = engine.run(prompt)
    engine.upload("scaled.png", picture, overwrite="true")
    assert entry["status"]["messages"][1][1]["nodes"] == []
    assert entry["outputs"]["3"]["images"][0]["filename"] == "x_00002_.png"


@pytest.mark.parametrize("handshake", [False, True])
def test_previews_come_in_the_form_that_was_asked_for(engine, slow, handshake):
    client_id, listener = engine.listen(handshake=handshake)
    prompt_id = engine.submit(slow(3, 1, preview=True), client_id=client_id)
    listener.finished(prompt_id)
    previews = [(at, one) for at, one in enumerate(listener.heard) if isinstance(one, bytes)]
    assert len(previews) == 3
    at, frame = previews[0]
    if not handshake:
        assert struct.unpack(">II", frame[:8]) == (1, 1)
        assert frame[8:10] == b"\xff\xd8"
        assert listener.heard[at - 1]["data"] == {"value": 1, "max": 3, "prompt_id": prompt_id, "node": "2"}
        return
    assert listener.flags["data"]["supports_preview_metadata"] is True
    event, length = struct.unpack(">II", frame[:8])
    assert event == 4
    assert json.loads(frame[8 : 8 + length])["node_id"] == "2"
    assert frame[8 + length : 10 + length] == b"\xff\xd8"
    assert listener.heard[at + 1]["type"] == "progress"


def test_a_late_listener_hears_the_running_node_and_the_end(engine, slow):
    prompt_id = engine.submit(slow(30, 20), client_id="late-1")
    _, other = engine.listen()
    while not engine.http.get("/queue").json()["queue_running"]:
        time.sleep(0.01)
    time.sleep(0.1)
    _, listener = engine.listen("late-1")
    assert listener.next() == {"type": "executing", "data": {"node": "2"}}
    listener.finished(prompt_id)
    assert "execution_start" not in listener.types()
    assert other.types() == []


def test_the_older_connection_of_a_client_does_not_take_the_newer_one_with_it(engine, slow):
    client_id, older = engine.listen()
    _, newer = engine.listen(client_id)
    older.close()
    prompt_id = engine.submit(slow(1, 0), client_id=client_id)
    newer.finished(prompt_id)


def test_a_listener_that_does_not_read_holds_up_nobody(engine, slow):
    _, stalled = engine.listen("stalled")
    engine.submit(slow(2000, 0, preview=True), client_id="stalled")
    client_id, listener = engine.listen()
    prompt_id = engine.submit(slow(1, 0), client_id=client_id)
    listener.finished(prompt_id)
    assert stalled.heard == [stalled.greeting]


def test_an_error_ends_the_prompt_and_names_node_and_cause(engine):
    empty = {"width": 64, "height": 64, "batch_size": 1, "color": 5}
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "err/x"}},
        "3": {"class_type": "ProbeFail", "inputs": {"image": ["1", 0], "message": "boom äöü"}},
        "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
    }
    client_id, listener = engine.listen()
    prompt_id = engine.submit(prompt, client_id=client_id)
    listener.finished(prompt_id)
    error = next(one["data"] for one in listener.heard if one["type"] == "execution_error")
    assert (error["node_id"], error["node_type"]) == ("3", "ProbeFail")
    assert (error["exception_type"], error["exception_message"]) == ("RuntimeError", "boom äöü\n")
    assert set(error["executed"]) == {"1", "2"}
    entry = engine.history(prompt_id)
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
    assert list(entry["outputs"]) == ["2"]


@pytest.mark.parametrize("prefix", ["../../evil", "/abs/evil"])
def test_saving_outside_of_output_fails(engine, prefix):
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 5}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}},
    }
    messages = engine.run(prompt)["status"]["messages"]
    assert "outside the output folder" in messages[-1][1]["exception_message"]


def test_too_large_pictures_are_refused_with_a_sentence(engine):
    prompt = {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": 16384, "height": 16384, "batch_size": 1, "color": 5},
        },
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    error = engine.run(prompt)["status"]["messages"][-1][1]
    assert "268 megapixels are too many" in error["exception_message"]


@pytest.mark.parametrize(("content", "outcome"), [(b"no picture", "error"), (b"", "error")])
def test_a_file_that_is_no_picture_fails_without_naming_paths(engine, content, outcome):
    name = engine.upload(f"broken{len(content)}.png", content)["name"]
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": name}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    entry = engine.run(prompt)
    error = entry["status"]["messages"][-1][1]
    assert entry["status"]["status_str"] == outcome
    assert error["exception_type"] == "PIL.UnidentifiedImageError"
    assert str(engine.process.folder) not in json.dumps(entry)


def test_half_a_picture_loads_as_far_as_it_goes(engine, picture):
    name = engine.upload("half.png", picture[: len(picture) // 2])["name"]
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": name}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    assert engine.run(prompt)["status"]["status_str"] == "success"
