"""What a server, its nodes or a proxy before it may say, and what must not come of it."""

import io
import json
import threading
import time
from typing import Any

import pytest

from creator_app.integrations.comfyui import (
    ComfyUIClient,
    ErrorKind,
    OutputFile,
    PromptFailed,
    PromptForgotten,
    ServerGone,
)
from creator_app.integrations.comfyui.errors import from_rejection
from creator_app.integrations.comfyui.protocol import parse_history
from tests.comfyui_client.runs import Run, play
from tests.comfyui_client.scripted_server import ScriptedComfyUI

LATE = 30.0  # no test waits that long: a run that is only saved by its deadline has failed


def deadline() -> float:
    return time.monotonic() + LATE


def test_a_server_that_talks_of_others_is_still_asked(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    """All clients hear of the queue's length: on a busy server that is no sign of this prompt."""
    run = play(server, client, "success", silent=True, keep_back=0.2)
    ended = threading.Event()

    def chatter() -> None:
        status = {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 3}}}}
        while not ended.wait(0.02):
            server.tell_all({"json": status})

    talking = threading.Thread(target=chatter)
    talking.start()
    try:
        assert run(silence_s=0.3, deadline=deadline()).succeeded
    finally:
        ended.set()
        talking.join()


def test_a_picture_without_a_name_is_ours_only_while_we_run(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    """Old servers send previews of prompts without a client to everybody."""
    picture = {"binary": {"event_type": 1}}
    early = play(server, client, "success", between=lambda n: [picture] if n == 0 else [])
    early()
    assert not [event for event in early.events if event.preview]
    late = play(server, client, "success", between=lambda n: [picture] if n == 6 else [])
    late()
    assert len([event for event in late.events if event.preview]) == 1


def own(run: Run, kind: str, **data: Any) -> dict[str, Any]:
    return {"text": json.dumps({"type": kind, "data": {"prompt_id": run.prompt_id, **data}})}


def test_shapes_that_nobody_expects_end_no_run(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    run = play(server, client, "success")
    strange = [
        {"text": "[" * 100_000},
        {"bytes": "AAAABAAAAAIxMgAA"},  # a preview whose metadata is a number
        {"bytes": ""},
        {"text": ""},
        own(run, "progress_state", nodes=[1, 2]),
        own(run, "progress_state", nodes={"1": 5, "2": {"value": "x", "max": None}}),
        own(run, "progress_state", nodes={"1": {"value": float("nan"), "max": 3, "state": "running"}}),
        own(run, "execution_cached", nodes=7),
        own(run, "executing", node={"a": 1}),
    ]
    assert server.play is not None
    server.play.between = lambda n: strange
    assert run(silence_s=LATE, deadline=deadline()).succeeded
    assert run.percents()[-1] == 100
    assert all(event.value is None or event.value == event.value for event in run.events)


@pytest.mark.parametrize("answer", [(502, "Bad Gateway"), (200, "<html>Sign in</html>")])
def test_an_answer_that_is_not_the_servers_own_is_no_refusal(
    server: ScriptedComfyUI, client: ComfyUIClient, answer: tuple[int, str]
) -> None:
    run = play(server, client, "success")
    server.rejection = answer
    with pytest.raises(PromptForgotten) as told:
        run()
    assert told.value.retryable


def test_a_proxy_that_did_not_wait_costs_nothing(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    run = play(server, client, "success")
    server.proxy_says = (504, "Gateway Timeout")
    assert run().succeeded
    assert len(server.seen.posts) == 1


def test_history_that_stumbles_at_the_end_is_asked_again(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    run = play(server, client, "success")
    server.stumbles = 2
    assert run(silence_s=0.3).succeeded


@pytest.mark.parametrize(
    ("status", "kind"), [(413, ErrorKind.BAD_INPUT), (500, ErrorKind.UNKNOWN), (502, ErrorKind.SERVER_GONE)]
)
def test_an_upload_is_too_big_or_broken_or_not_even_there(
    server: ScriptedComfyUI, client: ComfyUIClient, status: int, kind: ErrorKind
) -> None:
    server.upload_status = status
    with pytest.raises(PromptFailed) as told:
        client.upload(io.BytesIO(b"one"), "image.png", "creator/1")
    assert told.value.kind is kind
    assert told.value.retryable == (kind is ErrorKind.SERVER_GONE)


def test_an_upload_that_got_no_name_is_no_upload(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    server.upload_answer = {"subfolder": ""}
    with pytest.raises(ServerGone):
        client.upload(io.BytesIO(b"one"), "image.png", "creator/1")


def test_a_result_that_was_deleted_does_not_take_its_server_out_of_service(client: ComfyUIClient) -> None:
    with pytest.raises(PromptForgotten):
        list(client.download(OutputFile("3", "gone.png", "", "output")))


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"status": None, "outputs": None},
        {"status": {"messages": None}, "outputs": []},
        {"status": {"messages": [1, ["x"], ["x", 2]]}, "outputs": {"1": None, "2": {"images": None}}},
        {"status": [], "outputs": {"1": {"images": [1, {"filename": None}, {"x": 1}]}}},
    ],
)
def test_a_history_without_the_usual_parts_has_no_files(entry: dict[str, Any]) -> None:
    history = parse_history(entry)
    assert (history.succeeded, history.files, history.messages) == (False, [], [])


def test_success_without_any_output_is_a_success() -> None:
    history = parse_history({"status": {"status_str": "success"}, "outputs": {}})
    assert history.succeeded
    assert history.files == []


def test_files_of_other_lists_and_bare_rows_count() -> None:
    rows = {"gifs": [{"filename": "a.webp", "subfolder": None, "type": None}], "text": [{"filename": "no"}]}
    assert parse_history({"outputs": {"9": rows}}).files == [OutputFile("9", "a.webp", "", "output")]


@pytest.mark.parametrize("nodes", [[], "x", {"1": None}, {"1": {"errors": None}}, {"1": {"errors": [1]}}])
def test_a_refusal_in_another_shape_is_a_refusal(nodes: Any) -> None:
    told = from_rejection(400, {"error": "no", "node_errors": nodes}, "")
    assert told.kind is ErrorKind.BAD_INPUT
    assert told.detail == "no"
