"""A stalled engine shows a stalled bar and says since when; a recipe says how long it may be silent."""

import time

import pytest

from creator_app.integrations.comfyui import ComfyUIClient, ErrorKind, PromptFailed, execution
from tests.comfyui_client.runs import Run, play
from tests.comfyui_client.scripted_server import Play, Recording, ScriptedComfyUI


def test_silence_is_told_and_moves_no_bar(
    server: ScriptedComfyUI, client: ComfyUIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "QUIET_S", 0.2)
    server.play = Play(Recording.load("success").until("executed"), keep_back=1.2)
    run = Run(client, "success")
    run(silence_s=5.0)
    quiet = [event for event in run.events if event.quiet_s is not None]
    lengths = [event.quiet_s for event in quiet if event.quiet_s is not None]
    assert len(quiet) >= 3
    assert lengths == sorted(lengths)
    assert len({event.percent for event in quiet}) == 1
    assert quiet[0].percent < 100


def test_news_end_the_silence(
    server: ScriptedComfyUI, client: ComfyUIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "QUIET_S", 0.2)
    run = play(server, client, "success", between=lambda n: time.sleep(0.5) or [] if n == 8 else [])
    run()
    told = [event.quiet_s is not None for event in run.events]
    assert any(told)
    assert told[-1] is False


def test_a_recipe_says_how_long_an_engine_may_be_silent(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    server.play = Play(Recording.load("success").until("executed"), keep_back=60)
    with pytest.raises(PromptFailed) as told:
        Run(client, "success")(idle_s=0.4, silence_s=0.2)
    assert told.value.kind is ErrorKind.TIMEOUT
    assert "said nothing" in (told.value.detail or "")
    assert server.seen.interrupted == [{"prompt_id": server.seen.posts[0]["prompt_id"]}]


def test_the_end_is_looked_for_soon_when_only_the_last_node_is_left(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    """The engine's last words never come; patience is half a second by then, not the usual."""
    server.play = Play(Recording.load("success").until("execution_success"))
    began = time.monotonic()
    assert Run(client, "success")(silence_s=20.0).succeeded
    assert time.monotonic() - began < 3
