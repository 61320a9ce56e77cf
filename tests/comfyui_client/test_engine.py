"""The client and the built-in engine, as a worker uses them."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from creator_app.integrations.comfyui import (
    ComfyUIClient,
    ErrorKind,
    Finished,
    Pending,
    PromptFailed,
    PromptForgotten,
    Running,
    Stopped,
    Unknown,
    execute_workflow,
    get_comfyui_client,
)
from creator_app.integrations.comfyui.progress import ProgressEvent
from tests.comfyui_client.probes import prompt, steps
from tests.engine.conftest import EngineProcess


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[ComfyUIClient]:
    with get_comfyui_client(engine.url) as made:
        yield made


def test_steps_and_previews_of_a_long_run(client: ComfyUIClient) -> None:
    heard: list[ProgressEvent] = []
    wanted = steps(20, preview=True)
    history = execute_workflow(client, wanted, prompt_id=str(uuid.uuid4()), on_progress=heard.append)
    assert len(list(client.download(history.files[0]))) == 1
    assert [event.percent for event in heard] == sorted(event.percent for event in heard)
    inside = {event.value for event in heard if event.class_type == "ProbeSteps" and event.max == 20}
    assert len(inside) > 10
    assert any(event.preview for event in heard)


def test_a_cancel_ends_exactly_this_prompt(client: ComfyUIClient, engine: EngineProcess) -> None:
    mine, other = str(uuid.uuid4()), str(uuid.uuid4())
    heard: list[ProgressEvent] = []
    with pytest.raises(Stopped):
        execute_workflow(
            client, steps(500), prompt_id=mine, on_progress=heard.append, should_stop=lambda: len(heard) > 5
        )
    client.submit(steps(1), prompt_id=other, client_id="another")
    assert isinstance(client.find(mine), Running)
    client.cancel(mine)
    found = client.find(mine)
    assert isinstance(found, Finished)
    assert not found.history.succeeded
    until = time.monotonic() + 10
    while not isinstance(found := client.find(other), Finished):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert found.history.succeeded


def test_a_prompt_that_waits_is_taken_out_and_the_running_one_goes_on(client: ComfyUIClient) -> None:
    running, waiting = str(uuid.uuid4()), str(uuid.uuid4())
    client.submit(steps(25), prompt_id=running, client_id="one")
    client.submit(steps(25), prompt_id=waiting, client_id="two")
    assert isinstance(client.find(waiting), Pending)
    assert isinstance(client.cancel(waiting), Unknown)
    assert execute_workflow(client, {}, prompt_id=running, send=False, silence_s=0.2).succeeded


def test_a_node_that_never_looks_outlasts_the_patience_of_a_cancel(client: ComfyUIClient) -> None:
    prompt_id = str(uuid.uuid4())
    client.submit(prompt("ProbeBlock", ms=600, seed=1), prompt_id=prompt_id, client_id="one")
    assert isinstance(client.cancel(prompt_id, patience_s=0.1), Running)
    assert isinstance(client.cancel(prompt_id), Finished)


def test_a_run_past_its_limit_makes_room_for_the_next(client: ComfyUIClient) -> None:
    with pytest.raises(PromptFailed) as told:
        execute_workflow(client, steps(500), prompt_id=str(uuid.uuid4()), deadline=time.monotonic() + 0.3)
    assert told.value.kind is ErrorKind.TIMEOUT
    assert execute_workflow(client, steps(1), prompt_id=str(uuid.uuid4())).succeeded


def test_the_engine_says_what_it_has(client: ComfyUIClient) -> None:
    assert {"LoadImage", "SaveImage", "ImageScale"} <= client.object_info().keys()
    assert {"system", "devices"} <= client.system_stats().keys()


def test_a_node_that_fails_is_named_to_the_operator_alone(client: ComfyUIClient) -> None:
    wanted = prompt("ProbeFail", message="the moon is in the wrong house")
    with pytest.raises(PromptFailed) as told:
        execute_workflow(client, wanted, prompt_id=str(uuid.uuid4()))
    assert "the moon is in the wrong house" in (told.value.detail or "")
    assert "moon" not in told.value.message + told.value.hint


def test_a_killed_engine_that_is_back_has_forgotten_the_prompt(tmp_path: Path) -> None:
    first = EngineProcess(tmp_path, "--probe-nodes")
    port = first.url.rpartition(":")[2]
    second: list[EngineProcess] = []

    def kill_once(event: ProgressEvent) -> None:
        if not second and event.class_type == "ProbeSteps":
            first.process.kill()
            first.process.wait()
            second.append(EngineProcess(tmp_path, "--probe-nodes", "--port", port))

    prompt_id = str(uuid.uuid4())
    with get_comfyui_client(first.url) as client:
        try:
            with pytest.raises(PromptForgotten):
                execute_workflow(client, steps(500), prompt_id=prompt_id, on_progress=kill_once)
            assert isinstance(client.find(prompt_id), Unknown)
        finally:
            second[0].end()
