"""What a real server said, said again: the client comes to the right end, whatever gets lost on the way."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from creator_app.integrations.comfyui import (
    ComfyUIClient,
    ErrorKind,
    PromptFailed,
    PromptForgotten,
    ServerGone,
    Stopped,
    get_comfyui_client,
    stream_progress,
)
from tests.comfyui_client.runs import Run, play
from tests.comfyui_client.scripted_server import DATA, JPEG, Play, Recording, ScriptedComfyUI

REJECTIONS: list[dict[str, Any]] = json.loads((Path(DATA) / "rejections.json").read_text())


def test_a_success_has_its_files_and_rising_progress(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    run = play(server, client, "success")
    history = run()
    assert [(file.filename, file.subfolder, file.type) for file in history.files] == [
        ("a_00001_.png", "rec", "output")
    ]
    assert history.run_seconds is not None
    assert run.percents() == sorted(run.percents())
    assert run.percents()[-1] == 100
    assert [event.class_type for event in run.events if event.class_type][-1] == "SaveImage"


def test_the_prompt_goes_out_under_our_id_after_the_handshake(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    run = play(server, client, "success")
    run()
    (post,) = server.seen.posts
    assert post["prompt_id"] == run.prompt_id
    assert post["prompt"] == run.prompt
    assert json.loads(server.seen.hellos[0])["type"] == "feature_flags"


def test_a_password_goes_with_everything(server: ScriptedComfyUI) -> None:
    with get_comfyui_client(server.url + "/", {"Authorization": "Bearer x"}) as client:
        play(server, client, "success")()
    assert server.seen.passwords == {"socket": "Bearer x", "prompt": "Bearer x"}


def test_a_prompt_that_was_cached_whole_is_done_at_once(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    run = play(server, client, "all_cached")
    assert len(run().files) == 1
    assert run.percents()[0] >= 66  # two of three nodes need not run


def test_outputs_of_several_nodes_come_in_the_order_of_their_nodes(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    files = play(server, client, "several_outputs")().files
    nodes = [int(file.node_id) for file in files]
    assert nodes == sorted(nodes)
    assert len(set(nodes)) > 1
    assert {file.type for file in files} == {"output", "temp"}


@pytest.mark.parametrize("name", ["progress_and_previews", "previews_with_metadata"])
def test_previews_and_steps_are_told(server: ScriptedComfyUI, client: ComfyUIClient, name: str) -> None:
    run = play(server, client, name)
    run()
    assert {event.preview for event in run.events if event.preview} == {JPEG}
    steps = [(event.value, event.max) for event in run.events if event.max and event.max > 1]
    assert len(steps) > 3
    assert run.percents() == sorted(run.percents())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("node_raises", ErrorKind.UNKNOWN),
        ("not_a_picture", ErrorKind.BAD_INPUT),
        ("interrupted", ErrorKind.INTERRUPTED),
    ],
)
def test_a_run_that_ended_badly_says_so(
    server: ScriptedComfyUI, client: ComfyUIClient, name: str, kind: ErrorKind
) -> None:
    with pytest.raises(PromptFailed) as told:
        play(server, client, name)()
    assert told.value.kind is kind
    assert told.value.message
    assert told.value.hint
    if name == "node_raises":
        assert "ImageBlur" in (told.value.detail or "")
    assert "/srv/" not in (told.value.detail or "")


@pytest.mark.parametrize("rejection", REJECTIONS, ids=lambda one: str(one["what"])[:40])
def test_a_prompt_that_is_refused_says_why(
    server: ScriptedComfyUI, client: ComfyUIClient, rejection: dict[str, Any]
) -> None:
    run = play(server, client, "success")
    server.rejection = (rejection["status"], rejection["body"] or "500 Internal Server Error")
    with pytest.raises(PromptFailed) as told:
        run()
    assert not told.value.retryable
    assert told.value.detail
    if rejection["what"] == "unknown node class":
        assert told.value.kind is ErrorKind.MISSING_NODE
    if rejection["status"] == 200:  # one branch would run: it is taken back
        assert server.seen.interrupted == [{"prompt_id": run.prompt_id}]


def test_a_server_that_says_nothing_is_asked(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    assert play(server, client, "success", silent=True)(silence_s=0.3).succeeded


@pytest.mark.parametrize("after", [0, 1, 5, 12])
def test_a_socket_that_breaks_costs_no_result(
    server: ScriptedComfyUI, client: ComfyUIClient, after: int
) -> None:
    assert play(server, client, "success", cut_after=after)().succeeded
    assert len(server.seen.posts) == 1


def test_the_end_is_not_taken_for_the_result(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    """`executing` null came, history has nothing yet: the client waits for it."""
    assert play(server, client, "success", keep_back=0.8)(silence_s=0.3).succeeded


def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_sent_twice(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    server.lose_answer = True
    assert play(server, client, "success")().succeeded
    assert len(server.seen.posts) == 1


def test_a_server_that_forgot_the_prompt_is_told_apart(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    with pytest.raises(PromptForgotten) as told:
        play(server, client, "success", forget=True, silent=True)(silence_s=0.1)
    assert told.value.retryable


def test_a_server_that_died_is_given_up(
    server: ScriptedComfyUI, client: ComfyUIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("creator_app.integrations.comfyui.execution.GONE_AFTER_S", 0.5)
    server.play = Play(Recording.load("success").until("executed"), keep_back=60)
    run = Run(client, "success")
    threading.Timer(0.5, server.die).start()
    with pytest.raises(ServerGone) as told:
        run(silence_s=0.1)
    assert told.value.retryable


def test_nothing_is_sent_to_a_server_that_is_not_there(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    server.die()
    with pytest.raises(ServerGone):
        play(server, client, "success")()
    assert server.seen.posts == []


def test_messages_of_other_prompts_and_junk_change_nothing(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    other = Recording.load("node_raises")
    junk = [{"text": "no json"}, {"text": "[1]"}, {"text": '{"type": "x"}'}, {"bytes": "AAAA"}]
    junk += [{"bytes": "AAAABAAA////"}, {"binary": {"event_type": 4, "metadata": {"prompt_id": "other"}}}]
    strange = [*junk, *(frame for _, frame in other.messages)]
    run = play(server, client, "success", between=lambda n: strange)
    assert run().succeeded
    assert not [event for event in run.events if event.preview]


def test_the_caller_can_stop_and_cancel_exactly_its_prompt(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    server.play = Play(Recording.load("success").until("executed"), keep_back=60)
    run = Run(client, "success")
    stop_at = time.monotonic() + 0.3
    with pytest.raises(Stopped):
        run(should_stop=lambda: time.monotonic() > stop_at)
    assert server.seen.interrupted == []
    client.cancel(run.prompt_id)
    assert server.seen.interrupted == [{"prompt_id": run.prompt_id}]
    assert server.seen.deleted == [run.prompt_id]


def test_a_run_that_takes_too_long_is_told(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    server.play = Play(Recording.load("success").until("executed"), keep_back=60)
    with pytest.raises(PromptFailed) as told:
        Run(client, "success")(deadline=time.monotonic() + 0.3)
    assert told.value.kind is ErrorKind.TIMEOUT
    # nobody waits for it any more, and it holds up all others
    assert server.seen.interrupted == [{"prompt_id": server.seen.posts[0]["prompt_id"]}]


def test_whoever_comes_later_attaches(server: ScriptedComfyUI, client: ComfyUIClient) -> None:
    run = play(server, client, "success", silent=True, keep_back=0.3)
    first = threading.Thread(target=run, kwargs={"silence_s": 0.2})
    first.start()
    while not server.seen.posts:
        time.sleep(0.01)
    assert run(send=False, silence_s=0.2).succeeded
    assert list(stream_progress(client, run.prompt, run.prompt_id, silence_s=0.2)) == []
    first.join(10)
    assert len(server.seen.posts) == 1
